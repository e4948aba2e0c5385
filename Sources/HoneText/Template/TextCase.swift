/// Upper and lower case, and the questions about characters, by Python's rules.
enum TextCase {
    /// The text a method without arguments makes; `nil` if the method only asks a question.
    static func apply(_ method: StringMethod, _ text: String) -> String? {
        switch method {
        case .upper: upper(text)
        case .lower: lower(text)
        case .casefold: text.unicodeScalars.map(\.folded).joined()
        case .capitalize: capitalized(text)
        case .title: titled(text)
        case .swapcase: swapped(text)
        default: nil
        }
    }

    static func upper(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.uppercased() }
        return text.unicodeScalars.map(\.properties.uppercaseMapping).joined()
    }

    static func lower(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        let scalars = Array(text.unicodeScalars)
        var output = ""
        for (index, scalar) in scalars.enumerated() {
            output +=
                scalar == "Σ" ? sigma(in: scalars, at: index) : scalar.properties.lowercaseMapping
        }
        return output
    }

    /// The small sigma for a capital one: another at the end of a word.
    private static func sigma(in scalars: [Unicode.Scalar], at index: Int) -> String {
        func isCased(_ slice: some Sequence<Unicode.Scalar>) -> Bool {
            for scalar in slice where !scalar.properties.isCaseIgnorable {
                return scalar.properties.isCased
            }
            return false
        }
        let isFinal =
            isCased(scalars[..<index].reversed()) && !isCased(scalars[(index + 1)...])
        return isFinal ? "ς" : "σ"
    }

    private static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        let whole = Array(text.unicodeScalars)
        var rest = ""
        for (index, scalar) in whole.enumerated().dropFirst() {
            rest += scalar == "Σ" ? sigma(in: whole, at: index) : scalar.properties.lowercaseMapping
        }
        return first.properties.titlecaseMapping + rest
    }

    private static func titled(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var output = ""
        var isInWord = false
        for (index, scalar) in scalars.enumerated() {
            if !isInWord {
                output += scalar.properties.titlecaseMapping
            } else {
                output +=
                    scalar == "Σ"
                    ? sigma(in: scalars, at: index) : scalar.properties.lowercaseMapping
            }
            isInWord = scalar.properties.isCased
        }
        return output
    }

    private static func swapped(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var output = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar.properties.isUppercase {
                output +=
                    scalar == "Σ"
                    ? sigma(in: scalars, at: index) : scalar.properties.lowercaseMapping
            } else if scalar.properties.isLowercase {
                output += scalar.properties.uppercaseMapping
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// The answer of an `is…` method.
    static func holds(_ method: StringMethod, _ text: String) -> Bool {
        let scalars = text.unicodeScalars
        switch method {
        case .isascii: return scalars.allSatisfy(\.isASCII)
        case .isprintable: return scalars.allSatisfy { $0 == " " || PythonText.isPrintable($0) }
        case .islower: return isCase(scalars) { $0.properties.isLowercase }
        case .isupper: return isCase(scalars) { $0.properties.isUppercase }
        case .istitle: return isTitle(scalars)
        default: break
        }
        guard !scalars.isEmpty else { return false }
        return scalars.allSatisfy { scalar in
            switch method {
            case .isalnum: scalar.isPythonAlphanumeric
            case .isalpha: scalar.isPythonLetter
            case .isdecimal: scalar.properties.numericType == .decimal
            case .isdigit: [.decimal, .digit].contains(scalar.properties.numericType)
            case .isnumeric: scalar.properties.numericType != nil
            case .isspace: scalar.isPythonSpace
            default: false
            }
        }
    }

    private static func isCase(
        _ scalars: String.UnicodeScalarView, _ holds: (Unicode.Scalar) -> Bool
    ) -> Bool {
        var found = false
        for scalar in scalars
        where scalar.properties.isUppercase || scalar.properties.isLowercase || scalar.isTitlecase {
            guard holds(scalar) else { return false }
            found = true
        }
        return found
    }

    private static func isTitle(_ scalars: String.UnicodeScalarView) -> Bool {
        var (found, isInWord) = (false, false)
        for scalar in scalars {
            if scalar.properties.isUppercase || scalar.isTitlecase {
                if isInWord { return false }
                (found, isInWord) = (true, true)
            } else if scalar.properties.isLowercase {
                if !isInWord { return false }
                found = true
            } else {
                isInWord = false
            }
        }
        return found
    }
}

extension Unicode.Scalar {
    /// `str.isalpha` of one character.
    var isPythonLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    /// `str.isalnum` of one character.
    var isPythonAlphanumeric: Bool { isPythonLetter || properties.numericType != nil }

    var isTitlecase: Bool { properties.generalCategory == .titlecaseLetter }

    /// The case folding of this character: what its capital becomes when it is made small again
    /// (`ß` and `ς` are gone then), but for the two letters that Unicode excepts.
    fileprivate var folded: String {
        switch self {
        case "ı": "ı"
        case "ẞ": "ss"
        default:
            properties.uppercaseMapping.unicodeScalars
                .map(\.properties.lowercaseMapping).joined()
        }
    }
}
