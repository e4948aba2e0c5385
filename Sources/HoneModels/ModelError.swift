/// Why a model folder, its weights or an adapter cannot be used.
public enum ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A file is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// A folder that is no model, or no adapter.
    case wrongFolder(FolderFault)
    /// `model_type` is none that this version knows.
    case unknownFamily(file: String, name: String)
    /// A required key is absent.
    case missingField(file: String, key: String)
    /// A key's value is not of the kind or range it must be.
    case invalidField(file: String, key: String, found: String, expected: String)
    /// A key that may change the mathematics, with a value that is not understood.
    case unsupportedField(file: String, key: String, value: String)
    /// The weights were published in few bits.
    case quantizedFolder(file: String, method: String)
    /// Keys that cannot all be right.
    case contradiction(file: String, keys: [String], reason: String)
    /// The weights lack a tensor that the configuration asks for.
    case missingWeight(name: String, folder: String)
    /// A tensor's shape is not what the configuration says.
    case weightShape(name: String, expected: [Int], found: [Int], folder: String)
    /// The weights hold tensors that the configured model has no place for.
    case unusedWeights(names: [String], folder: String)
    /// A weight holds NaN or infinity.
    case notFinite(name: String, folder: String)
    /// No linear layer has the asked name, or none of the asked names.
    case noSuchTarget(target: String, known: [String])
    /// An adapter that was made for another model than `base`, which it may name.
    case adapterOfAnotherModel(folder: String, base: String?, reason: String)
    /// An adapter setting that is out of range or not supported.
    case invalidAdapter(reason: String)
    /// Token ids or layouts that do not fit the model or each other.
    case invalidInput(reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason)"
        case .wrongFolder(let fault): "\(fault)"
        case .unknownFamily(let file, let name):
            "\(file): model_type \"\(name)\" is not supported; supported are "
                + ModelFamily.publishedNames.joined(separator: ", ")
        case .missingField(let file, let key):
            "\(file): \"\(key)\" is missing"
        case .invalidField(let file, let key, let found, let expected):
            "\(file): \"\(key)\" is \(found), but must be \(expected)"
        case .unsupportedField(let file, let key, let value):
            "\(file): \"\(key)\" = \(value) is not understood and might change what the model "
                + "computes; a model that needs it cannot be used yet"
        case .quantizedFolder(let file, let method):
            "\(file): the weights are already quantised (\(method)); take the folder of the model in "
                + "bf16; quantization: nf4 in a recipe, or --quantization nf4, then keeps it in four bits"
        case .contradiction(let file, let keys, let reason):
            "\(file): \(keys.joined(separator: ", ")) contradict each other: \(reason)"
        case .missingWeight(let name, let folder):
            "the weights in \(folder) lack \"\(name)\", which config.json asks for"
        case .weightShape(let name, let expected, let found, let folder):
            "\"\(name)\" in \(folder) has shape \(found), but config.json makes it \(expected)"
        case .unusedWeights(let names, let folder):
            "the weights in \(folder) hold \(names.count) tensors that the model of config.json "
                + "does not have: " + names.prefix(5).joined(separator: ", ")
                + (names.count > 5 ? ", …" : "")
        case .notFinite(let name, let folder):
            "\"\(name)\" in \(folder) holds NaN or infinity; the file is damaged or the model "
                + "diverged when it was made"
        case .noSuchTarget(let target, let known):
            "no linear layer is called \"\(target)\"; this model has "
                + known.joined(separator: ", ")
        case .adapterOfAnotherModel(let folder, let base, let reason):
            "the adapter in \(folder) does not fit this model: \(reason)"
                + (base.map { ". It says that it was trained on \($0)" } ?? "")
        case .invalidAdapter(let reason):
            "the adapter cannot be used: \(reason)"
        case .invalidInput(let reason):
            reason
        }
    }
}
