import Foundation

/// What the header of one safetensors file says, checked against the file's size.
///
/// The format: 8 bytes of header length (little endian), that many bytes of JSON, then the data;
/// each entry is `"name": {"dtype": …, "shape": […], "data_offsets": [begin, end]}`.
struct SafeTensorsHeader {
    struct Entry: Hashable {
        var name: String
        var dtype: DType
        var shape: [Int]
        /// Bytes from the start of the file.
        var bytes: Range<Int>
    }

    var entries: [Entry]
    var metadata: [String: String]

    /// As in the reference implementation: a longer header is taken for damage.
    static let longestHeader = 100_000_000

    /// - Parameter file: the whole file's bytes.
    init(file: UnsafeRawBufferPointer, path: String) throws(SafeTensorsError) {
        guard file.count >= 8 else {
            throw .truncated(path: path, needed: 8, actual: file.count)
        }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.longestHeader) else {
            throw .header(
                path: path, offset: 0,
                reason: "it claims a length of \(length) bytes, so this is no safetensors file")
        }
        let dataStart = 8 + Int(length)
        guard file.count >= dataStart else {
            throw .truncated(path: path, needed: dataStart, actual: file.count)
        }
        var scanner = HeaderScanner(bytes: file[8..<dataStart], path: path)
        let raw = try scanner.header()
        metadata = raw.metadata
        entries = []
        entries.reserveCapacity(raw.entries.count)
        for entry in raw.entries {
            entries.append(try Self.check(entry, dataStart: dataStart, file.count, path))
        }
        try Self.checkLayout(entries, dataStart: dataStart, fileSize: file.count, path)
    }

    private static func check(
        _ raw: HeaderScanner.Entry, dataStart: Int, _ fileSize: Int, _ path: String
    ) throws(SafeTensorsError) -> Entry {
        guard let dtype = DType(safeTensorsName: raw.dtype) else {
            throw .entry(
                path: path, tensor: raw.name,
                reason: "its element type \(raw.dtype) is not supported")
        }
        var byteCount = dtype.byteCount
        for size in raw.shape {
            let (product, overflows) = byteCount.multipliedReportingOverflow(by: size)
            guard !overflows else {
                throw .entry(
                    path: path, tensor: raw.name, reason: "shape \(raw.shape) is beyond any memory")
            }
            byteCount = product
        }
        guard raw.begin <= raw.end, raw.end <= Int.max - dataStart else {
            throw .entry(
                path: path, tensor: raw.name,
                reason: "its data offsets [\(raw.begin), \(raw.end)] are no range")
        }
        guard raw.end - raw.begin == byteCount else {
            throw .entry(
                path: path, tensor: raw.name,
                reason: """
                    shape \(raw.shape) of \(raw.dtype) takes \(byteCount) bytes, but its data \
                    offsets [\(raw.begin), \(raw.end)] hold \(raw.end - raw.begin)
                    """)
        }
        return Entry(
            name: raw.name, dtype: dtype, shape: raw.shape,
            bytes: dataStart + raw.begin..<dataStart + raw.end)
    }

    /// The entries must fill the data part: no overlap, no gap, nothing beyond the end.
    private static func checkLayout(
        _ entries: [Entry], dataStart: Int, fileSize: Int, _ path: String
    ) throws(SafeTensorsError) {
        var place = dataStart
        let inOrder = entries.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        for entry in inOrder {
            guard entry.bytes.upperBound <= fileSize else {
                throw .truncated(
                    path: path, needed: inOrder.map(\.bytes.upperBound).max() ?? dataStart,
                    actual: fileSize)
            }
            guard entry.bytes.lowerBound == place else {
                let isOverlap = entry.bytes.lowerBound < place
                throw .entry(
                    path: path, tensor: entry.name,
                    reason: isOverlap
                        ? "its data overlap another tensor's"
                        : "\(entry.bytes.lowerBound - place) bytes before its data belong to no tensor"
                )
            }
            place = entry.bytes.upperBound
        }
        guard place == fileSize else {
            throw .header(
                path: path, offset: 0,
                reason: "\(fileSize - place) bytes at the file's end belong to no tensor")
        }
    }
}

extension DType {
    /// The name that safetensors files use.
    public var safeTensorsName: String {
        switch self {
        case .float32: "F32"
        case .bfloat16: "BF16"
        case .float16: "F16"
        case .float64: "F64"
        case .int64: "I64"
        case .int32: "I32"
        case .int16: "I16"
        case .int8: "I8"
        case .uint8: "U8"
        case .bool: "BOOL"
        }
    }

    public init?(safeTensorsName name: String) {
        guard let dtype = DType.allCases.first(where: { $0.safeTensorsName == name }) else {
            return nil
        }
        self = dtype
    }
}
