import AsyncHTTPClient
import Foundation
import HoneCore
import NIOCore
import NIOHTTP1

/// A server that answers JSON with JSON.
///
/// Tries again what may pass (429, 5xx, broken connections, answers that are no JSON) as its
/// ``RetryPolicy`` says, and gives up at once on what will not (a wrong key, an unknown model).
struct JSONServer: Sendable {
    /// What paths are appended to, such as `http://localhost:8000/v1`.
    let base: String
    private let key: String?
    private let retries: RetryPolicy
    /// Of one try.
    private let timeout: Duration
    private let pacer: RequestPacer

    /// Longer answers are not read.
    private static let mostBytes = 32 << 20

    /// - Parameters:
    ///   - base: the server's address up to the path.
    ///   - key: sent as a bearer token; never logged.
    ///   - timeout: of one try.
    ///   - retries: when to try again.
    ///   - concurrency: requests at once.
    ///   - requestsPerMinute: requests begun in a minute; `nil`: any number.
    init(
        base: String, key: String? = nil, timeout: Duration = .seconds(30),
        retries: RetryPolicy = RetryPolicy(), concurrency: Int = 8,
        requestsPerMinute: Double? = nil
    ) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.key = key
        self.timeout = timeout
        self.retries = retries
        pacer = RequestPacer(concurrency: concurrency, perMinute: requestsPerMinute)
    }

    /// What `read` finds in the answer to `body`, and how many tries that took.
    /// - Parameters:
    ///   - path: appended to ``base``.
    ///   - deadline: when an answer is of no use any more; tries that cannot end before are not begun.
    ///   - wanted: what `read` reads, for messages.
    ///   - read: `nil` for an answer of another form, which is asked for again.
    /// - Throws: ``ChatFailure``, after all tries that the policy allows.
    func post<Answer: Sendable>(
        _ body: JSONValue, to path: String, before deadline: ContinuousClock.Instant,
        wanted: String, read: @Sendable (JSONValue) -> Answer?
    ) async throws(ChatFailure) -> (answer: Answer, attempts: Int) {
        let text = body.text()
        var last: String?
        for attempt in 1...retries.attempts {
            let outcome = try await pacer.run { [last] () throws(ChatFailure) in
                let left = deadline - .now
                guard left > .zero else { throw .late(last: last) }
                return await attemptOnce(text, to: path, within: min(left, timeout))
            }
            let failure: (message: String, retryAfter: Double?)
            switch outcome {
            case .answered(let text):
                let json = try? JSONValue(parsing: Array(text.utf8))
                if let answer = json.flatMap(read) { return (answer, attempt) }
                failure = ("an answer that is no \(wanted): \(text.prefix(80))", nil)
            case .refused(let status, let message):
                throw .refused(status: status, message: message)
            case .failed(let message, let retryAfter):
                failure = (message, retryAfter)
            }
            last = failure.message
            guard attempt < retries.attempts else { continue }
            var random = SystemRandomNumberGenerator()
            let wait = retries.wait(
                after: attempt, retryAfter: failure.retryAfter, using: &random)
            guard .now + .seconds(wait) < deadline,
                (try? await Task.sleep(for: .seconds(wait))) != nil
            else { throw .late(last: failure.message) }
        }
        throw .exhausted(attempts: retries.attempts, last: last ?? "no try was made")
    }

    private enum Outcome {
        case answered(String)
        case refused(status: Int, message: String)
        case failed(String, retryAfter: Double?)
    }

    private func attemptOnce(
        _ body: String, to path: String, within limit: Duration
    ) async -> Outcome {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        request.body = .bytes(ByteBuffer(string: body))
        let answer: Answer
        do {
            answer = try await Self.exchange(request, within: limit)
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            return .failed("no answer within \(limit / .seconds(1)) s", retryAfter: nil)
        } catch {
            return .failed("\(base): \(error)", retryAfter: nil)
        }
        let (text, status) = (String(buffer: answer.body), answer.status)
        guard status == 200 else {
            let message = "status \(status): \(Self.complaint(in: text))"
            guard RetryPolicy.isTransient(status: status) else {
                return .refused(status: status, message: Self.complaint(in: text))
            }
            return .failed(
                message, retryAfter: RetryAfter.seconds(answer.headers.first(name: "retry-after")))
        }
        return .answered(text)
    }

    private struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
    }

    /// Sends `request` and reads the whole answer within `limit`. The client's own limit ends with the head of the
    /// answer, and a server may give the rest byte by byte.
    private static func exchange(
        _ request: HTTPClientRequest, within limit: Duration
    ) async throws -> Answer {
        let milliseconds = Int64((limit / .milliseconds(1)).rounded(.up))
        return try await withThrowingTaskGroup(of: Answer?.self) { tasks in
            tasks.addTask {
                let response = try await HTTPClient.shared.execute(
                    request, timeout: .milliseconds(milliseconds))
                return Answer(
                    status: Int(response.status.code), headers: response.headers,
                    body: try await response.body.collect(upTo: mostBytes))
            }
            tasks.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { tasks.cancelAll() }
            guard let answer = try await tasks.next() ?? nil else {
                throw HTTPClientError.deadlineExceeded
            }
            return answer
        }
    }

    /// The server's own words, if it gave any.
    private static func complaint(in text: String) -> String {
        let json = try? JSONValue(parsing: Array(text.utf8))
        return json?["error"]?["message"]?.stringValue ?? json?["message"]?.stringValue
            ?? json?["detail"]?.stringValue ?? String(text.prefix(200))
    }
}

/// The header of that name: seconds, or a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// A year; more is beyond every deadline, and beyond what a clock adds.
    private static let longest = 31_536_000.0

    static func seconds(_ value: String?, now: Date = Date()) -> Double? {
        guard let value else { return nil }
        if let seconds = Double(value.trimmingCharacters(in: .whitespaces)) {
            return seconds.isFinite ? min(max(seconds, 0), longest) : nil
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: value).map { min(max($0.timeIntervalSince(now), 0), longest) }
    }
}
