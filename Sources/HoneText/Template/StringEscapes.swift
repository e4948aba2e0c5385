/// The escapes of a string literal, as Python's `unicode-escape` codec reads them.
enum StringEscapes {
    static func resolve(_ scalars: ArraySlice<Unicode.Scalar>) throws(TemplateError) -> String {
        guard scalars.contains("\\") else { return String(scalars) }
        var output = String.UnicodeScalarView()
        var rest = scalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                output.append(scalar)
                continue
            }
            guard let mark = rest.popFirst() else {
                throw TemplateError(.syntax, "\\ at end of string")
            }
            switch mark {
            case "\n": break
            case "\\", "'", "\"": output.append(mark)
            case "a": output.append("\u{07}")
            case "b": output.append("\u{08}")
            case "f": output.append("\u{0C}")
            case "n": output.append("\n")
            case "r": output.append("\r")
            case "t": output.append("\t")
            case "v": output.append("\u{0B}")
            case "x": output.append(try code(&rest, digits: 2, name: "\\xXX"))
            case "u": output.append(try unit(&rest))
            case "U": output.append(try code(&rest, digits: 8, name: "\\UXXXXXXXX"))
            case "0"..."7":
                var value = mark.value - 48
                for _ in 0..<2 {
                    guard let next = rest.first, ("0"..."7").contains(next) else { break }
                    value = value * 8 + next.value - 48
                    rest.removeFirst()
                }
                guard let scalar = Unicode.Scalar(value) else { break }
                output.append(scalar)
            case "N":
                throw TemplateError(.unsupported, "\\N{…} in a string; write the character itself")
            default:
                output.append("\\")
                output.append(mark)
            }
        }
        return String(output)
    }

    private static func hexadecimal(
        _ rest: inout ArraySlice<Unicode.Scalar>, digits: Int, name: String
    ) throws(TemplateError) -> UInt32 {
        let text = String(rest.prefix(digits))
        guard text.unicodeScalars.count == digits, text.allSatisfy(\.isHexDigit),
            let value = UInt32(text, radix: 16)
        else { throw TemplateError(.syntax, "truncated \(name) escape") }
        rest = rest.dropFirst(digits)
        return value
    }

    private static func code(
        _ rest: inout ArraySlice<Unicode.Scalar>, digits: Int, name: String
    ) throws(TemplateError) -> Unicode.Scalar {
        let value = try hexadecimal(&rest, digits: digits, name: name)
        guard let scalar = Unicode.Scalar(value) else {
            throw TemplateError(.unsupported, "a lone surrogate in a string")
        }
        return scalar
    }

    /// `\uXXXX`. Python would keep the halves of a surrogate pair apart; no text can hold them.
    private static func unit(
        _ rest: inout ArraySlice<Unicode.Scalar>
    ) throws(TemplateError) -> Unicode.Scalar {
        try code(&rest, digits: 4, name: "\\uXXXX")
    }
}
