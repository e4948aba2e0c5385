import HoneCore

extension RewardSpec {
    /// The reward function in Swift that this entry declares; `nil` for ``RewardType/python``.
    /// - Throws: ``RewardError/invalid(_:)`` for options that the type does not understand.
    func swiftFunction() throws(RewardError) -> (any RewardFunction)? {
        var options = RewardOptions(self.options, path: path)
        let function: any RewardFunction
        switch type {
        case .countdownEquation:
            function = CountdownEquation(
                name: name, numbersColumn: options.string("numbers") ?? "nums",
                targetColumn: options.string("target") ?? "target",
                tag: options.tag("tag", default: "answer"), prefix: options.prefix())
        case .format:
            function = FormatReward(
                name: name,
                separator: options.choice("separator", FormatReward.Separator.self) ?? .newline,
                prefix: options.prefix(), thinkTag: options.tag("think_tag", default: "think"),
                answerTag: options.tag("answer_tag", default: "answer"))
        case .exactMatch:
            function = ExactMatch(
                name: name, column: options.string("column") ?? "reference_answer",
                extraction: options.extraction(), stripsSpace: options.bool("strip") ?? true,
                letterCase: options.choice("case", ExactMatch.LetterCase.self) ?? .sensitive)
        case .numericEquality:
            function = NumericEquality(
                name: name, column: options.string("column") ?? "reference_answer",
                extraction: options.extraction(),
                tolerance: options.number("tolerance", atLeast: 0) ?? 0,
                relativeTolerance: options.number("relative_tolerance", atLeast: 0) ?? 1e-9)
        case .length:
            let minimum = options.integer("min", atLeast: 0)
            let maximum = options.integer("max", atLeast: 0)
            if minimum == nil, maximum == nil {
                options.complain("max", "a length needs min, max or both")
            } else if let minimum, let maximum, minimum > maximum {
                options.complain("max", "must be at least min (\(minimum)), not \(maximum)")
            }
            function = LengthReward(
                name: name, minimum: minimum ?? 0, maximum: maximum,
                margin: options.integer("margin", atLeast: 0) ?? 0,
                unit: options.choice("unit", LengthReward.Unit.self) ?? .characters)
        case .python: return nil
        }
        try options.finish()
        return function
    }
}
