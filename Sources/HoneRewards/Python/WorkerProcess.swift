import Foundation
import HoneCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A child process with pipes, driven by the one thread that made it.
///
/// Reading and writing never block longer than the deadline of the read. The process leads a group of
/// its own, so that ``terminate(grace:)`` also ends what it has started.
final class WorkerProcess {
    let identifier: pid_t
    private var input: Int32
    private var output: Int32
    private var errors: Int32
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var incoming: [UInt8] = []
    /// Where the search for the next line end begins, and where the current line does.
    private var searched = 0
    private var lineStart = 0
    /// How the process ended, once that is known; it has left the process table then.
    private var exit: Exit?
    private var errorTail: [UInt8] = []
    private let isSandboxed: Bool
    private let mostProcesses: Int
    private let mostMemory: Int
    /// When its family was counted last.
    private var counted = ContinuousClock.now
    private let quota: ProcessQuota?

    static let errorTailLimit = 8192
    /// Longer lines than any honest answer end the process.
    static let lineLimit = 16 << 20

    enum Event {
        case line(ArraySlice<UInt8>)
        /// The process is gone or has closed its output.
        case ended
        case timedOut
        case lineTooLong
        /// It and what it started have become this many.
        case tooManyProcesses(Int)
        /// It and what it started hold this many bytes.
        case tooMuchMemory(Int)
    }

    init(_ launch: WorkerLaunch) throws(RewardError) {
        isSandboxed = launch.isSandboxed
        mostProcesses = launch.limits.processes
        mostMemory = launch.limits.memory
        quota = ProcessQuota(limit: mostProcesses)
        let name = launch.command[0]
        var ends: [(read: Int32, write: Int32)] = []
        for _ in 0..<3 {
            var pair: [Int32] = [0, 0]
            guard Self.makePipe(&pair) == 0 else {
                for end in ends { _ = (close(end.read), close(end.write)) }
                quota?.remove()
                throw .interpreter(
                    path: name, message: "cannot make a pipe: \(Self.errorText(errno))")
            }
            ends.append((pair[0], pair[1]))
        }
        var launch = launch
        // A program that is not there shall be told by the one who starts it, not by a shell.
        if let quota, Self.isThere(name, launch.environment) {
            launch.command = quota.around(launch.command)
        }
        let (identifier, status) = Self.spawn(
            launch, standard: [ends[0].read, ends[1].write, ends[2].write])
        _ = (close(ends[0].read), close(ends[1].write), close(ends[2].write))
        input = ends[0].write
        output = ends[1].read
        errors = ends[2].read
        self.identifier = identifier
        for descriptor in [input, output, errors] {
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
        guard status == 0 else {
            exit = .code(127)
            closeAll()
            quota?.remove()
            throw .interpreter(path: name, message: "cannot be started: \(Self.errorText(status))")
        }
    }

    deinit { precondition(exit != nil, "a worker process was dropped without being ended") }

    /// Queues bytes for the process; they leave while ``nextLine(deadline:)`` waits.
    func send(_ bytes: some Sequence<UInt8>) { outgoing.append(contentsOf: bytes) }

    /// The next line of output, without its line break.
    func nextLine(deadline: ContinuousClock.Instant) -> Event {
        while true {
            if let line = takeLine() { return .line(line) }
            if incoming.count - lineStart > Self.lineLimit { return .lineTooLong }
            let now = ContinuousClock.now
            let left = deadline - now
            guard left > .zero else { return .timedOut }
            // Also while it writes: a program that forks may be telling of it all the time.
            if now - counted > Self.countingInterval {
                counted = now
                if let excess = familyExcess() { return excess }
            }
            // Slices: a fork of the process may hold its output open, so that its end is no end of
            // file; then the process table says so.
            let slice = min(left, Self.countingInterval)
            switch pump(for: slice) {
            case .moved: continue
            case .closed: return takeLine().map(Event.line) ?? .ended
            case .idle:
                guard hasExited else {
                    let count = ProcessCensus().count(from: identifier)
                    if count > mostProcesses { return .tooManyProcesses(count) }
                    continue
                }
                _ = pump(for: .zero)
                return takeLine().map(Event.line) ?? .ended
            }
        }
    }

    private static let countingInterval = Duration.milliseconds(100)

    /// What its family has too much of.
    private func familyExcess() -> Event? {
        guard let family = ProcessFamily(of: identifier, most: 2 * mostProcesses) else {
            return nil
        }
        if family.members.count > mostProcesses { return .tooManyProcesses(family.members.count) }
        return family.memory(beyond: mostMemory).map(Event.tooMuchMemory)
    }

    private enum Progress { case moved, idle, closed }

    /// Moves what can be moved, waiting at most `duration` for the first byte.
    private func pump(for duration: Duration) -> Progress {
        let wantsWrite = sent < outgoing.count && input >= 0
        var polled = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wantsWrite ? input : -1, events: Int16(POLLOUT), revents: 0),
        ]
        let milliseconds = Int32((duration / .milliseconds(1)).rounded(.up))
        guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return .idle }
        var progress = Progress.idle
        if polled[1].revents != 0, readErrors() { progress = .moved }
        if polled[2].revents != 0, writeSome() { progress = .moved }
        if polled[0].revents != 0 {
            switch readOutput() {
            case .closed: return .closed
            case .moved: progress = .moved
            case .idle: break
            }
        }
        return progress
    }

    private func readOutput() -> Progress {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let count = read(output, buffer.baseAddress, buffer.count)
            if count > 0 {
                if lineStart == incoming.count {
                    incoming.removeAll(keepingCapacity: true)
                    (lineStart, searched) = (0, 0)
                }
                incoming.append(contentsOf: buffer[..<count])
                return .moved
            }
            return count < 0 && (errno == EAGAIN || errno == EINTR) ? .idle : .closed
        }
    }

    private func readErrors() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let count = read(errors, buffer.baseAddress, buffer.count)
            if count > 0 {
                errorTail.append(contentsOf: buffer[..<count])
                if errorTail.count > 2 * Self.errorTailLimit {
                    errorTail.removeFirst(errorTail.count - Self.errorTailLimit)
                }
                return true
            }
            if count == 0 {
                close(errors)
                errors = -1
            }
            return false
        }
    }

    private func writeSome() -> Bool {
        let count = outgoing[sent...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        if count > 0 {
            sent += count
            if sent == outgoing.count {
                outgoing.removeAll(keepingCapacity: true)
                sent = 0
            }
            return true
        }
        if errno != EAGAIN, errno != EINTR { closeInput() }
        return false
    }

    private func takeLine() -> ArraySlice<UInt8>? {
        guard let end = incoming[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = incoming.count
            if lineStart > 1 << 20 {
                incoming.removeFirst(lineStart)
                searched -= lineStart
                lineStart = 0
            }
            return nil
        }
        defer { (lineStart, searched) = (end + 1, end + 1) }
        return incoming[lineStart..<end]
    }

    /// Takes what standard error still holds, without waiting.
    private func drainErrors() {
        while errors >= 0, readErrors() {}
    }

    /// The end of what came through standard error past the worker's own capture: messages of the
    /// interpreter and of programs a function started.
    var errorText: String {
        drainErrors()
        return String(decoding: errorTail.suffix(Self.errorTailLimit), as: UTF8.self)
    }

    /// Forgets ``errorText``.
    func clearErrors() { errorTail.removeAll(keepingCapacity: true) }

    // The end

    /// Whether the process is no more; it stays in the process table until ``terminate(grace:)``, so
    /// that its group's number cannot be given to another.
    var hasExited: Bool {
        if exit != nil { return true }
        var info = siginfo_t()
        return waitid(P_PID, id_t(identifier), &info, WEXITED | WNOWAIT | WNOHANG) == 0
            && info.si_signo == SIGCHLD
    }

    /// How the process ended.
    enum Exit: Sendable, Hashable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    /// Ends the process and its group; returns how the process ended.
    /// - Parameter grace: how long it may take to end by itself once its input is closed.
    @discardableResult
    func terminate(grace: Duration = .zero) -> Exit {
        if let exit { return exit }
        closeInput()
        let deadline = ContinuousClock.now + grace
        while !hasExited, ContinuousClock.now < deadline { usleep(1000) }
        kill(-identifier, SIGKILL)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        drainErrors()
        closeAll()
        quota?.remove()
        let signal = status & 0x7F
        let code = (status >> 8) & 0xFF
        var exit = signal == 0 ? Exit.code(code) : .signal(signal)
        // Bubblewrap tells the signal that ended the program in it as a shell does.
        if isSandboxed, signal == 0, code > 128 { exit = .signal(code - 128) }
        self.exit = exit
        return exit
    }

    private func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func closeAll() {
        closeInput()
        for descriptor in [output, errors] where descriptor >= 0 { close(descriptor) }
        (output, errors) = (-1, -1)
    }

    static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

    // The beginning

    /// A pipe that other programs do not inherit. One that another thread starts between the two
    /// calls still might (`pipe2` is not visible to Swift); workers close what they inherit.
    private static func makePipe(_ pair: inout [Int32]) -> Int32 {
        let status = pipe(&pair)
        for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return status
    }

    private static func isThere(_ program: String, _ environment: [String: String]) -> Bool {
        program.contains("/")
            ? access(program, X_OK) == 0
            : PythonSearch.program(program, environment: environment) != nil
    }

    /// Starts the process as leader of a new group with `standard` as its descriptors 0, 1 and 2,
    /// default signal handling and nothing blocked. The worker closes what else it inherits.
    private static func spawn(_ launch: WorkerLaunch, standard: [Int32]) -> (pid_t, Int32) {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (position, descriptor) in standard.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(position))
        }
        var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #if canImport(Darwin)
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var arguments = launch.command.map { strdup($0) } + [nil]
        var environment = launch.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in arguments + environment { free(string) } }
        var identifier: pid_t = 0
        let status = posix_spawnp(
            &identifier, launch.command[0], &actions, &attributes, &arguments, &environment)
        return (identifier, status)
    }
}
