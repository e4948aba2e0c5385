import HoneCore
import HoneText
import OrderedCollections

/// ``ExtractStep`` with its pattern compiled.
struct TextExtraction: RowStep {
    private let step: ExtractStep
    private let pattern: TextPattern
    private let group: Int

    init(_ step: ExtractStep) throws(TextPatternError) {
        self.step = step
        pattern = try TextPattern(step.pattern)
        group = pattern.number(ofGroup: step.to ?? step.from) ?? min(1, pattern.groupCount)
    }

    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        let text = try row.text(step.from)
        let target = step.to ?? step.from
        if let match = try row.matching({ () throws(TextPatternError) in
            try pattern.firstMatch(in: text)
        }), let part = match[group] {
            row.columns[target] = .string(part)
            return .kept
        }
        return try row.lacking(
            "\(step.from) holds nothing that \(step.pattern) matches", column: target,
            step.otherwise)
    }
}

/// ``ReplaceStep`` with its pattern compiled.
struct TextReplacement: RowStep {
    private let step: ReplaceStep
    private let pattern: TextPattern

    init(_ step: ReplaceStep) throws(TextPatternError) {
        self.step = step
        pattern = try TextPattern(step.pattern)
        // A replacement that names no group would otherwise be noticed at the first match only.
        _ = try pattern.replacingMatches(in: "", with: step.with)
    }

    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        let text = try row.text(step.column)
        row.columns[step.column] = .string(
            try row.matching { () throws(TextPatternError) in
                try pattern.replacingMatches(in: text, with: step.with)
            })
        return .kept
    }
}

/// ``FillStep`` with its template read.
struct ColumnFilling: RowStep {
    private let column: String
    private let template: TextTemplate

    init(_ step: FillStep) throws(TextPatternError) {
        column = step.to
        do {
            template = try TextTemplate(step.template)
        } catch {
            throw .malformed(pattern: step.template, offset: 0, reason: "\(error)")
        }
    }

    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        row.columns[column] = .string(try row.filling(template))
        return .kept
    }
}

/// ``FilterStep`` with its patterns compiled.
struct RowFilter: RowStep {
    private let step: FilterStep
    private let matches: TextPattern?
    private let notMatches: TextPattern?

    init(_ step: FilterStep) throws(TextPatternError) {
        self.step = step
        matches = try Self.compiled(step.matches)
        notMatches = try Self.compiled(step.notMatches)
    }

    private static func compiled(_ source: String?) throws(TextPatternError) -> TextPattern? {
        guard let source else { return nil }
        return try TextPattern(source)
    }

    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        try passes(row) ? .kept : .dropped
    }

    /// Whether `row` meets every condition.
    func passes(_ row: SourceRow) throws(DatasetError.BadRow) -> Bool {
        if let wanted = step.present {
            let isPresent = row.columns[step.column].map { !$0.isNull } ?? false
            guard isPresent == wanted else { return false }
            if !wanted { return true }
        }
        let value = try row.value(step.column)
        if let wanted = step.equals, !value.isSame(as: wanted) { return false }
        if let other = step.notEquals, value.isSame(as: other) { return false }
        if let some = step.oneOf, !some.contains(where: value.isSame) { return false }
        if step.atLeast != nil || step.atMost != nil {
            guard let number = value.doubleValue else {
                throw row.bad("\(step.column) is \(value.kind); at_least and at_most need a number")
            }
            if let least = step.atLeast, !(number >= least) { return false }
            if let most = step.atMost, !(number <= most) { return false }
        }
        if step.minLength != nil || step.maxLength != nil {
            guard let length = length(of: value) else {
                throw row.bad("\(step.column) is \(value.kind), which has no length")
            }
            if let least = step.minLength, length < least { return false }
            if let most = step.maxLength, length > most { return false }
        }
        if matches != nil || notMatches != nil {
            let text = try row.text(step.column)
            if let matches, try !row.holds(matches, text) { return false }
            if let notMatches, try row.holds(notMatches, text) { return false }
        }
        return true
    }

    private func length(of value: JSONValue) -> Int? {
        switch value {
        case .string(let text): text.unicodeScalars.count
        case .array(let items): items.count
        default: nil
        }
    }
}

extension JSONValue {
    /// Equality in which 3 and 3.0 are the same, since tables have one type of number a column.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        if let number = doubleValue, let wanted = other.doubleValue { return number == wanted }
        return self == other
    }
}

extension SourceRow {
    fileprivate func holds(_ pattern: TextPattern, _ text: String) throws(DatasetError.BadRow)
        -> Bool
    {
        try matching { () throws(TextPatternError) in try pattern.firstMatch(in: text) } != nil
    }

    /// What `body` gives; a match that was given up makes a bad row.
    fileprivate func matching<Value>(_ body: () throws(TextPatternError) -> Value)
        throws(DatasetError.BadRow) -> Value
    {
        do throws(TextPatternError) {
            return try body()
        } catch {
            throw bad("\(error)")
        }
    }
}
