import Foundation
import GRDB
import HoneCore
import OrderedCollections

/// Reads documents out of chunks, each chunk unpacked once while neighbours are read.
struct ChunkReader {
    private let db: Database
    private let path: String
    private var documents: [Int64: [ArraySlice<UInt8>]] = [:]
    private var prompts: [Int64: (row: Int, document: JSONObject)] = [:]

    init(_ db: Database, path: String) {
        self.db = db
        self.path = path
    }

    /// The document `member` of `chunk`.
    mutating func document(_ chunk: Int64, _ member: Int) throws -> JSONObject {
        let members = try members(of: chunk)
        guard members.indices.contains(member) else {
            throw StoreError.corrupted(path: path, reason: "a chunk of text has too few members")
        }
        do {
            let value = try JSONValue(parsing: Array(members[member]))
            return value.objectValue ?? [:]
        } catch {
            throw StoreError.corrupted(path: path, reason: "text of a completion: \(error)")
        }
    }

    /// The row and the document of the prompt `identifier`.
    mutating func prompt(_ identifier: Int64) throws -> (row: Int, document: JSONObject) {
        if let known = prompts[identifier] { return known }
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT row, chunk_id, member FROM prompt WHERE id = ?"),
                arguments: [identifier])
        else {
            throw StoreError.corrupted(path: path, reason: "a completion's prompt is missing")
        }
        let found = (
            row: row["row"] as Int, document: try document(row["chunk_id"], row["member"])
        )
        prompts[identifier] = found
        return found
    }

    private mutating func members(of chunk: Int64) throws -> [ArraySlice<UInt8>] {
        if let known = documents[chunk] { return known }
        guard
            let body = try Data.fetchOne(
                db.cachedStatement(sql: "SELECT body FROM chunk WHERE id = ?"), arguments: [chunk])
        else {
            throw StoreError.corrupted(path: path, reason: "the text of a completion is missing")
        }
        let members = try TextChunk.unpack(Array(body), path: path)
        // Enough for a page; an export that goes on reads neighbours from the latest chunks.
        if documents.count >= 64 { documents.removeAll(keepingCapacity: true) }
        documents[chunk] = members
        return members
    }
}
