import HoneCore

/// What a worker says of one completion.
struct WorkerAnswer {
    let identifier: Int
    let index: Int
    let assessment: Assessment

    /// The answer in `line`; `nil` if it is none, which only a tampered worker sends.
    init?(_ line: ArraySlice<UInt8>, function: String) {
        guard let json = try? JSONValue(parsing: Array(line)) else { return nil }
        if case .array(let parts) = json {
            guard parts.count == 4, let identifier = parts[0].intValue,
                let index = parts[1].intValue, let value = parts[2].doubleValue,
                let micros = parts[3].doubleValue
            else { return nil }
            self.identifier = identifier
            self.index = index
            assessment = Assessment(score: .value(value), seconds: micros / 1e6)
            return
        }
        guard let identifier = json["id"]?.intValue, let index = json["index"]?.intValue else {
            return nil
        }
        self.identifier = identifier
        self.index = index
        let score: Score
        if let kind = json["kind"]?.stringValue.flatMap(GraderFailure.Kind.init(rawValue:)) {
            score = .failed(
                GraderFailure(
                    function: function, kind: kind, message: json["message"]?.stringValue ?? "",
                    detail: json["detail"]?.stringValue ?? ""))
        } else if let value = json["value"]?.doubleValue {
            score = .value(value)
        } else {
            score = .abstained
        }
        assessment = Assessment(
            score: score, output: json["output"]?.stringValue ?? "",
            warning: json["warning"]?.stringValue,
            seconds: json["micros"]?.doubleValue.map { $0 / 1e6 })
    }
}
