/// Collects the head of a response line by line. Interim responses (1xx) are dropped, trailers are not taken.
struct HTTPHead: Sendable {
    /// Status line and headers together; more ends the transfer.
    static let maxBytes = 64 * 1024

    private(set) var headers = HTTPHeaders()
    private var isComplete = false
    private var byteCount = 0

    /// False when the head is larger than `maxBytes`.
    mutating func append(line bytes: UnsafeRawBufferPointer) -> Bool {
        byteCount += bytes.count
        guard byteCount <= Self.maxBytes else { return false }
        let line = bytes.prefix { $0 != 0x0D && $0 != 0x0A }
        if line.starts(with: "HTTP/".utf8) {
            headers = HTTPHeaders()
            isComplete = false
        } else if line.isEmpty {
            isComplete = true
        } else if !isComplete, let colon = line.firstIndex(of: 0x3A), colon > line.startIndex {
            let name = String(decoding: line[line.startIndex..<colon], as: UTF8.self)
            let value = line[line.index(after: colon)...].drop { $0 == 0x20 || $0 == 0x09 }
            let end = value.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { value.index(after: $0) } ?? value.startIndex
            headers.add(name, String(decoding: value[value.startIndex..<end], as: UTF8.self))
        }
        return true
    }
}
