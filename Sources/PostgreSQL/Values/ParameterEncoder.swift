/// Lays the parameters of one execution out as libpq wants them. Reused from statement to statement, so that a small
/// statement allocates nothing.
struct ParameterEncoder {
    private static let keptCapacity = 64 * 1024
    private static let maximumParameters = 65_535
    /// The server's own limit for one value.
    private static let maximumBytes = 1 << 30

    private var storage: [UInt8] = []
    /// Nil for NULL.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// - Throws: `.parameter` for what cannot be sent; what passes is safe to `load`.
    static func check(_ values: [PostgresValue]) throws(PostgresError) {
        guard values.count <= maximumParameters else {
            throw .parameter("\(values.count) parameters, the protocol allows \(maximumParameters)")
        }
        for (position, value) in values.enumerated() {
            switch value {
            case .text(let text):
                guard !text.utf8.contains(0) else { throw .parameter("$\(position + 1) is text with a NUL in it") }
                try check(text.utf8.count, position)
            case .bytes(let bytes):
                try check(bytes.count, position)
            case .null, .int, .double, .bool:
                break
            }
        }
    }

    private static func check(_ length: Int, _ position: Int) throws(PostgresError) {
        guard length <= maximumBytes else { throw .parameter("$\(position + 1) has \(length) bytes") }
    }

    mutating func load(_ values: [PostgresValue], declaredAs types: [ParameterType?]) {
        storage.removeAll(keepingCapacity: storage.capacity <= Self.keptCapacity)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        for (position, value) in values.enumerated() {
            append(value, declared: position < types.count ? types[position] : nil)
        }
    }

    private mutating func append(_ value: PostgresValue, declared: ParameterType?) {
        let start = storage.count
        let binary = declared != .inferred && declared == ParameterType(value)
        switch value {
        case .null:
            offsets.append(nil)
            lengths.append(0)
            formats.append(0)
            return
        case .int(let integer) where binary: appendBigEndian(UInt64(bitPattern: integer))
        case .double(let double) where binary: appendBigEndian(double.bitPattern)
        case .bool(let flag) where binary: storage.append(flag ? 1 : 0)
        case .bytes(let bytes) where binary: storage.append(contentsOf: bytes)
        case .int(let integer): storage.append(contentsOf: "\(integer)".utf8)
        case .double(let double): storage.append(contentsOf: "\(double)".utf8)
        case .bool(let flag): storage.append(flag ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        case .bytes(let bytes): appendHex(bytes)
        case .text(let text): storage.append(contentsOf: text.utf8)
        }
        offsets.append(start)
        lengths.append(Int32(clamping: storage.count - start))
        formats.append(binary ? 1 : 0)
        // libpq finds the end of a value in text format by its NUL.
        storage.append(0)
    }

    private mutating func appendBigEndian(_ bits: UInt64) {
        withUnsafeBytes(of: bits.bigEndian) { storage.append(contentsOf: $0) }
    }

    private mutating func appendHex(_ bytes: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        storage.append(contentsOf: #"\x"#.utf8)
        for byte in bytes {
            storage.append(digits[Int(byte >> 4)])
            storage.append(digits[Int(byte & 15)])
        }
    }

    /// The pointers are valid inside `body` only.
    func withPointers(
        _ body: (
            _ count: Int32,
            _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Int32
    ) -> Int32 {
        storage.withUnsafeBytes { bytes in
            let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }
            return values.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(Int32(values.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
