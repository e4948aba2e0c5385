/// The text that a reward function is written in: its file, and the modules beside it that it imports.
public struct RewardSource: Sendable, Hashable {
    /// The file that holds the function, without a folder: `rewards.py`.
    public var name: String
    /// Text by name, relative to the file's folder; ``name`` is among them.
    public var texts: [String: String]
    /// Where the file lay when it was read, absolute. Not part of what the function is.
    public var origin: String

    public init(name: String, texts: [String: String], origin: String) {
        self.name = name
        self.texts = texts
        self.origin = origin
    }

    /// Whether `name` names a file in a folder, and nothing outside it.
    static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains("\0")
    }

    /// The same for the same texts: 16 hexadecimal digits.
    public var digest: String {
        ContentDigest.text(
            [name] + texts.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }
}

/// FNV-1a with 64 bits: tells texts apart; not meant to resist an attacker.
public enum ContentDigest {
    /// 16 hexadecimal digits of `parts`, of which each is ended by a byte that UTF-8 does not have.
    public static func text(_ parts: [String]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        for part in parts {
            part.utf8.forEach(take)
            take(0xff)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
