import Foundation
import HoneCore
import OrderedCollections

/// Spoils documents at random, in the same way for the same seed.
///
/// `HONE_FUZZ_ROUNDS` multiplies how often tests do it, for long runs by hand; `HONE_FUZZ_LOG` names a file that
/// holds the case at hand, which is what is left of it after a crash.
public struct Damage: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Runs `body` for `count` seeds, and more where the environment asks for it.
    public static func cases(
        _ count: Int, _ body: (inout Damage) throws -> Void
    ) rethrows {
        let rounds =
            ProcessInfo.processInfo.environment["HONE_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 1
        for seed in 0..<UInt64(count * max(rounds, 1)) {
            var damage = Damage(seed: seed)
            try body(&damage)
        }
    }

    /// Writes down what is tried next.
    public static func note(_ text: @autoclosure () -> String) {
        guard let path = ProcessInfo.processInfo.environment["HONE_FUZZ_LOG"] else { return }
        try? Data(text().utf8).write(to: URL(filePath: path))
    }

    /// What this thread has computed, in seconds: what others compute meanwhile does not count.
    public static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: Bytes

    private static let hostileBytes: [[UInt8]] = [
        [0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], Array("\"".utf8),
        Array("{".utf8), Array("[".utf8), Array("}".utf8), Array("]".utf8), Array("-1".utf8),
        Array("9223372036854775807".utf8), Array("-9223372036854775808".utf8),
        Array("18446744073709551616".utf8), Array("1e999".utf8), Array("NaN".utf8),
        Array("\\u0000".utf8), Array("\\ud800".utf8), Array("\r\n".utf8), Array("\t".utf8),
        Array("null".utf8), Array("*a".utf8), Array("&a ".utf8),
    ]

    /// `bytes` with one to four changes: bits turned, parts cut out, doubled, or replaced by what often hurts.
    public mutating func spoil(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            guard !bytes.isEmpty else { return bytes }
            let place = Int.random(in: bytes.indices, using: &self)
            let end = min(bytes.count, place + Int.random(in: 1...16, using: &self))
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: bytes.removeSubrange(place...)
            default:
                let hostile = Self.hostileBytes.randomElement(using: &self) ?? [0]
                bytes.replaceSubrange(
                    place..<(Bool.random(using: &self) ? end : place), with: hostile)
            }
        }
        return bytes
    }

    // MARK: JSON

    private static let hostileValues: [JSONValue] = [
        .null, true, false, 0, 1, -1, 2, 3, .int(.max), .int(.min), .int(1 << 31), .int(1 << 32),
        .int(1 << 62), 0.5, -0.0, .double(.nan), .double(.infinity), .double(-.infinity), 1e300,
        -1e300, 1e-300, "", "x", "0", "-1", "\u{0}", "\u{FFFD}", "true", "(", "[", "(a+)+$", "\\",
        [], [[]], [nil], [1, 2, 3], [:], ["": nil], ["a": ["b": []]], "ünïcode 😀",
    ]

    /// `json` with one to three values in it replaced, left out, doubled or moved elsewhere.
    public mutating func spoil(_ json: JSONValue) -> JSONValue {
        var spoiled = json
        for _ in 0..<Int.random(in: 1...3, using: &self) { spoiled = spoilOnce(spoiled, chance: 8) }
        return spoiled
    }

    private mutating func spoilOnce(_ json: JSONValue, chance: Int) -> JSONValue {
        if Int.random(in: 0..<chance, using: &self) == 0 { return hostileValue(insteadOf: json) }
        switch json {
        case .array(var items):
            guard !items.isEmpty else { return hostileValue(insteadOf: json) }
            let place = Int.random(in: items.indices, using: &self)
            switch Int.random(in: 0..<8, using: &self) {
            case 0: items.remove(at: place)
            case 1: items.insert(items[place], at: place)
            case 2: items.append(items[place])
            default: items[place] = spoilOnce(items[place], chance: chance)
            }
            return .array(items)
        case .object(var members):
            guard let key = members.keys.randomElement(using: &self) else {
                return hostileValue(insteadOf: json)
            }
            switch Int.random(in: 0..<10, using: &self) {
            case 0: members[key] = nil
            case 1: members[key + "_"] = members[key]
            case 2:
                let other = members.keys.randomElement(using: &self) ?? key
                members[key] = members[other]
            default: members[key] = spoilOnce(members[key] ?? .null, chance: chance)
            }
            return .object(members)
        default: return hostileValue(insteadOf: json)
        }
    }

    private mutating func hostileValue(insteadOf json: JSONValue) -> JSONValue {
        if case .int(let number) = json, Bool.random(using: &self) {
            return .int(number &+ Int.random(in: -2...2, using: &self))
        }
        return Self.hostileValues.randomElement(using: &self) ?? .null
    }
}
