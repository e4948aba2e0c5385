import Foundation
import HoneCore
import HoneRewards

/// A real HTTP server on the loopback interface that answers like a chat endpoint, well or badly,
/// as the model's name asks. It ends when its standard input does.
final class JudgeServer {
    let base: String
    private let process: Process
    private let input = Pipe()

    struct DidNotStart: Error {}

    private static let source = #"""
        import collections, json, sys, threading, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        asked = collections.Counter()
        running = collections.Counter()
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def reply(self, status, text, **headers):
                data = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def say(self, text):
                self.reply(200, json.dumps({
                    "choices": [{"message": {"role": "assistant", "content": text}}],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 3},
                }))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                model = body["model"]
                if self.path.endswith("/embeddings"):
                    self.embed(body)
                    return
                question = body["messages"][-1]["content"]
                with lock:
                    asked[model] += 1
                    count = asked[model]
                    running["now"] += 1
                    running["most"] = max(running["most"], running["now"])
                try:
                    self.answer(model, question, count, body)
                finally:
                    with lock:
                        running["now"] -= 1

            def embed(self, body):
                # How often a, b and c occur; given from the last text to the first.
                vectors = [
                    {"index": index, "embedding": [text.count(letter) for letter in "abc"]}
                    for index, text in enumerate(body["input"])
                ]
                if body["model"] == "short":
                    vectors.pop()
                self.reply(200, json.dumps({"data": vectors[::-1]}))

            def answer(self, model, question, count, body):
                good = json.dumps({"reason": "so", "score": 8})
                if model == "slow":
                    time.sleep(60)
                    self.say(good)
                elif model == "busy" and count < 3:
                    self.reply(429, '{"error": {"message": "slow down"}}', retry_after="0")
                elif model == "later" and count < 2:
                    self.reply(429, "{}", retry_after="1")
                elif model == "broken" and count < 3:
                    self.reply(500, "oops")
                elif model == "garbage" and count < 3:
                    self.reply(200, "<html>not json</html>")
                elif model == "closed" and count < 3:
                    self.send_response(200)
                    self.send_header("content-length", "1000")
                    self.end_headers()
                    self.wfile.write(b'{"choices": [')
                    self.wfile.flush()
                    self.close_connection = True
                elif model == "flood":
                    # A gigabyte of white space.
                    self.send_response(200)
                    self.send_header("content-length", str(1 << 30))
                    self.end_headers()
                    try:
                        for _ in range(1 << 10):
                            self.wfile.write(b" " * (1 << 20))
                    except OSError:
                        pass
                    self.close_connection = True
                elif model == "dribble":
                    self.send_response(200)
                    self.send_header("content-length", "1000000")
                    self.end_headers()
                    try:
                        while True:
                            self.wfile.write(b" ")
                            self.wfile.flush()
                            time.sleep(0.05)
                    except OSError:
                        pass
                    self.close_connection = True
                elif model == "deep":
                    self.reply(200, "[" * 1_000_000)
                elif model == "numbers":
                    self.say(json.dumps({"reason": "so", "score": float("inf")}))
                elif model == "patient":
                    self.reply(429, "{}", retry_after="1e300")
                elif model == "never":
                    self.reply(503, '{"error": {"message": "down for ever"}}')
                elif model == "key":
                    if self.headers.get("authorization") == "Bearer right-key":
                        self.say(good)
                    else:
                        self.reply(401, '{"error": {"message": "wrong key"}}')
                elif model == "mute":
                    self.say("I would rather not say.")
                elif model == "seen":
                    self.say(json.dumps({"score": 0.25, "reason": json.dumps(body)}))
                elif model == "label":
                    self.say(json.dumps({"reason": "so", "label": "fair"}))
                elif model == "criteria":
                    self.say(json.dumps({"reason": "so", "kind": 10, "true": 5}))
                elif model == "echo":
                    self.say(json.dumps({"reason": question, "score": len(question) % 11}))
                elif model == "crowd":
                    time.sleep(0.1)
                    self.say(good)
                elif model == "report":
                    self.say(json.dumps({"asked": asked, "most": running["most"]}))
                elif model == "schema":
                    asked_for = body["response_format"]["json_schema"]["schema"]
                    self.say(json.dumps({"score": len(asked_for["properties"])}))
                else:
                    self.say(good)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        """#

    init() throws {
        process = Process()
        process.executableURL = URL(filePath: try PythonInterpreter.locate(declared: nil))
        process.arguments = ["-c", Self.source]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(said.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw DidNotStart()
        }
        base = "http://127.0.0.1:\(port)/v1"
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// What the server counted: requests by model, and how many ran at once at most.
    func report() async throws -> String {
        try await HTTPChatEndpoint(base: base).answer(
            ChatRequest(model: "report", messages: [ChatMessage(role: "user", content: "")]),
            before: .now + .seconds(60)
        ).text
    }
}
