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
        var members: JSONObject = ["version": .string(name)]
        for (key, value) in content.json { members[key] = value }
        members["first_step"] = .int(firstStep)
        members["time"] = .string(at.formatted(.iso8601))
        return members
    }
}

extension RewardVersion.Content {
    var json: JSONObject {
        [
            "function": .string(function), "declaration": .string(declaration),
            "source": source.map(JSONValue.string) ?? .null,
        ]
    }
}
