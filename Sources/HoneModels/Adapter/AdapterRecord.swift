import Foundation
import HoneCore
import OrderedCollections

/// How the base was kept that an adapter was trained on, in `hone_adapter.json` beside peft's files.
///
/// peft's own file has no key for it, and its versions warn of keys they do not know or refuse them;
/// at other files they do not look.
enum AdapterRecord {
    static let name = "hone_adapter.json"
    private static let key = "base_quantization"

    /// What the folder says; `nil` where it has no such file, as folders of peft and of older versions.
    static func read(_ folder: URL) throws -> BaseQuantization? {
        let file = folder.appending(path: name)
        let value: JSONValue?
        do {
            value = try JSONValue(parsing: [UInt8](PlainFile.contents(of: file)))[key]
        } catch let error as JSONError {
            throw ModelError.unreadable(file: file.path, reason: error.description)
        } catch let error as PlainFile.Problem {
            if error.kind == .absent { return nil }
            throw ModelError.unreadable(file: file.path, reason: error.reason)
        }
        guard let value else { throw ModelError.missingField(file: file.path, key: key) }
        guard let kind = value.stringValue.flatMap(BaseQuantization.init) else {
            let known = BaseQuantization.allCases.map(\.rawValue).joined(separator: " or ")
            throw ModelError.invalidField(
                file: file.path, key: key, found: value.text(), expected: known)
        }
        return kind
    }

    static func write(_ base: BaseQuantization, to folder: URL) throws {
        let text = JSONValue.object([key: .string(base.rawValue)]).text(.indented) + "\n"
        try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
    }
}

/// An adapter on a base that is kept otherwise than the one it was trained on: not the policy that
/// training ended with.
public struct BaseMismatch: Sendable, Hashable, CustomStringConvertible {
    public let trained: BaseQuantization
    public let loaded: BaseQuantization

    public var description: String {
        "the adapter was trained on a base \(Self.words(trained)), and this one is "
            + "\(Self.words(loaded)), so it is not quite the policy that was trained; "
            + "--quantization \(trained.rawValue) (quantization: \(trained.rawValue) in a recipe) "
            + "gives the same base"
    }

    private static func words(_ base: BaseQuantization) -> String {
        switch base {
        case .none: "in full precision"
        case .nf4: "in four bits (nf4)"
        }
    }
}

extension DecoderModel {
    /// Where the adapter was trained on a base that was kept otherwise than this one.
    public var baseMismatch: BaseMismatch? {
        guard let trained = adapterBase, trained != quantization else { return nil }
        return BaseMismatch(trained: trained, loaded: quantization)
    }
}
