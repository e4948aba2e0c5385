import Foundation

/// The built `hone` in a terminal of its own, as a person at a keyboard has it: what is typed goes through
/// the terminal, so that Ctrl-C is a signal.
public actor TerminalProgram {
    private let process = Process()
    private let keyboard: FileHandle
    private var shown = ""
    /// How much of ``shown`` has been waited for.
    private var seen = 0

    /// Gives a program a session and a terminal; part of util-linux.
    private static let starter = "/usr/bin/setsid"
    public static let isAvailable = FileManager.default.isExecutableFile(atPath: starter)

    /// Linux's TIOCSPTLCK and TIOCGPTN, macros that Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// - Parameters:
    ///   - arguments: of `hone`.
    ///   - home: its store's folder.
    public init(_ arguments: [String], home: URL) throws {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (locked, number): (Int32, UInt32) = (0, 0)
        guard master >= 0, ioctl(master, Self.setLock, &locked) == 0,
            ioctl(master, Self.getNumber, &number) == 0
        else { throw POSIXError(.ENOTTY) }
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        guard slave >= 0 else { throw POSIXError(.ENOTTY) }
        // Reading never waits, so that a test can.
        guard fcntl(master, F_SETFL, O_NONBLOCK) == 0 else { throw POSIXError(.EIO) }
        keyboard = FileHandle(fileDescriptor: master, closeOnDealloc: true)
        let terminal = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        process.executableURL = URL(filePath: Self.starter)
        process.arguments = ["--ctty", "--wait", HoneProgram.url.path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["HONE_HOME": home.path, "TERM": "dumb"]) { $1 }
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        try terminal.close()
    }

    /// Presses keys; "\u{3}" is Ctrl-C.
    public func type(_ text: String) throws { try keyboard.write(contentsOf: Data(text.utf8)) }

    /// Presses keys at the moment `condition` holds.
    public nonisolated func type(
        _ text: String, when condition: @escaping @Sendable () -> Bool
    ) async {
        let keyboard = keyboard
        await Lookout.act(when: condition) { try? keyboard.write(contentsOf: Data(text.utf8)) }
    }

    /// Everything the terminal has shown so far, with the keys it echoed.
    public var screen: String {
        read()
        return shown
    }

    /// Waits until `text` is shown after what was waited for before.
    /// - Returns: whether it came in time.
    public func waits(for text: String, seconds: Double = 60) async throws -> Bool {
        try await waits(seconds) { rest in
            rest.range(of: text).map { rest.distance(from: rest.startIndex, to: $0.upperBound) }
        }
    }

    /// Waits until `count` more characters are shown after what was waited for before.
    /// - Returns: whether they came in time.
    public func waits(forCharacters count: Int, seconds: Double = 60) async throws -> Bool {
        try await waits(seconds) { $0.count >= count ? count : nil }
    }

    private func waits(
        _ seconds: Double, _ find: (Substring) -> Int?
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            read()
            if let found = find(shown.dropFirst(seen)) {
                seen += found
                return true
            }
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits for the end; a program that takes longer is killed.
    public func exitCode(within seconds: Double = 60) async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while process.isRunning {
            if ContinuousClock.now > deadline { kill(process.processIdentifier, SIGKILL) }
            // A terminal that is not read fills up.
            read()
            try await Task.sleep(for: .milliseconds(5))
        }
        read()
        return process.terminationStatus
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Foundation.read(keyboard.fileDescriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            shown += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
