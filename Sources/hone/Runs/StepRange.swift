import ArgumentParser

/// Steps as a person writes them: `12`, `10-20`, `10-` or `-20`, both ends included.
struct StepRange: ExpressibleByArgument, Hashable {
    var first: Int?
    var last: Int?

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = parts.map { Int($0) }
        // An end that is written must be a number.
        guard zip(parts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else { return nil }
        switch numbers.count {
        case 1 where numbers[0] != nil: (first, last) = (numbers[0], numbers[0])
        case 2 where numbers[0] != nil || numbers[1] != nil:
            (first, last) = (numbers[0], numbers[1])
            if let first, let last, first > last { return nil }
        default: return nil
        }
    }

    func contains(_ step: Int) -> Bool {
        step >= first ?? .min && step <= last ?? .max
    }
}
