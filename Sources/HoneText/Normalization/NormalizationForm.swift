import Foundation

/// A Unicode normalization form.
enum NormalizationForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    func apply(to text: UnsafeBufferPointer<UInt8>, _ output: ByteBuffer) {
        if text.allSatisfy({ $0 < 0x80 }) {
            output.append(text)
            return
        }
        let string = String(decoding: text, as: UTF8.self)
        let result =
            switch self {
            case .nfc: string.precomposedStringWithCanonicalMapping
            case .nfd: string.decomposedStringWithCanonicalMapping
            case .nfkc: string.precomposedStringWithCompatibilityMapping
            case .nfkd: string.decomposedStringWithCompatibilityMapping
            }
        output.append(Array(result.utf8))
    }
}
