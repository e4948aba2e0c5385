import Foundation
import HoneCore
import HoneStore
import OrderedCollections

extension StoredRun {
    /// The run as JSON, without recipe and metrics.
    var summary: JSONObject {
        [
            "run": .string(name), "name": .string(title), "state": .string(state.rawValue),
            "method": .string(method), "model": .string(model), "folder": .string(folder),
            "step": .int(step), "total_steps": .int(totalSteps),
            "started": .string(startedAt.formatted(.iso8601)),
            "updated": .string(updatedAt.formatted(.iso8601)),
            "output": output.map(JSONValue.string) ?? .null,
            "message": message.map(JSONValue.string) ?? .null, "facts": .object(facts),
        ]
    }
}

extension StoredEvent {
    /// The event as JSON: what `hone train --json` printed of it.
    var json: JSONObject {
        var members: JSONObject = [
            "event": .string(kind), "step": .int(step), "time": .string(at.formatted(.iso8601)),
        ]
        for (key, value) in body { members[key] = value }
        return members
    }
}

extension RewardVersion {
    var json: JSONObject {
        [
            "version": .string(name), "function": .string(content.function),
            "first_step": .int(firstStep), "time": .string(at.formatted(.iso8601)),
            "declaration": .string(content.declaration),
            "source": content.source.map(JSONValue.string) ?? .null,
        ]
    }
}
