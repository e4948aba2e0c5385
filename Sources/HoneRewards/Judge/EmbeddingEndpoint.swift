import Foundation
import HoneCore
import OrderedCollections

/// An OpenAI-compatible server that embeds: `POST BASE/embeddings`, tried again as a judge's is.
struct EmbeddingEndpoint: TextEmbedder {
    let server: JSONServer
    let model: String
    /// For one group.
    let deadline: Duration

    func embeddings(of texts: [String]) async throws -> [[Float]] {
        let body: JSONObject = [
            "model": .string(model), "input": .array(texts.map(JSONValue.string)),
            "encoding_format": "float",
        ]
        return try await server.post(
            .object(body), to: "/embeddings", before: .now + deadline, wanted: "list of embeddings"
        ) { json in
            Self.vectors(in: json, count: texts.count)
        }.answer
    }

    /// The vectors by their `index`, which need not be their order.
    private static func vectors(in json: JSONValue, count: Int) -> [[Float]]? {
        guard let items = json["data"]?.arrayValue, items.count == count else { return nil }
        var vectors: [[Float]] = Array(repeating: [], count: count)
        for (position, item) in items.enumerated() {
            let index = item["index"]?.intValue ?? position
            guard vectors.indices.contains(index), let numbers = item["embedding"]?.arrayValue
            else { return nil }
            vectors[index] = numbers.compactMap { $0.doubleValue.map(Float.init) }
            guard vectors[index].count == numbers.count, !numbers.isEmpty else { return nil }
        }
        return vectors.contains(where: \.isEmpty) ? nil : vectors
    }
}

/// Where embeddings come from.
public struct EmbeddingService: Sendable, Hashable {
    /// `nil`: not from an endpoint.
    public var model: String?
    /// `nil`: `OPENAI_BASE_URL` of the environment.
    public var endpoint: String?
    public var keyVariable: String?

    public init() {}

    /// The endpoint that gives embeddings of `model`.
    /// - Throws: ``RewardError/judge(name:message:)`` without an address or the key declared.
    func embedder(
        _ model: String, name: String, timeout: Double, environment: [String: String]
    ) throws(RewardError) -> EmbeddingEndpoint {
        let address = try JudgeService.address(
            declared: endpoint, keyVariable: keyVariable, name: name, environment: environment)
        return EmbeddingEndpoint(
            server: JSONServer(base: address.base, key: address.key, timeout: .seconds(timeout)),
            model: model, deadline: .seconds(JudgeService().deadline))
    }
}
