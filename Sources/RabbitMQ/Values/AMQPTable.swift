/// A field table: keys in the order they came, a key may repeat.
///
/// Lookup is linear, which is the fastest way for the dozen headers a message carries.
package struct AMQPTable: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package struct Entry: Sendable, Equatable {
        package var key: String
        package var value: AMQPValue

        package init(key: String, value: AMQPValue) {
            self.key = key
            self.value = value
        }
    }

    /// What this room sends: at most 16 levels, keys of at most 255 bytes.
    static let maximumDepth = 16

    package var entries: [Entry]

    package init(entries: [Entry] = []) { self.entries = entries }

    package init(dictionaryLiteral elements: (String, AMQPValue)...) {
        entries = elements.map { Entry(key: $0.0, value: $0.1) }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The first value under the key; setting replaces the first and drops the others, nil removes all.
    package subscript(key: String) -> AMQPValue? {
        get { entries.first { $0.key == key }?.value }
        set {
            let index = entries.firstIndex { $0.key == key }
            guard let newValue else { return entries.removeAll { $0.key == key } }
            guard let index else { return entries.append(Entry(key: key, value: newValue)) }
            entries[index].value = newValue
            var position = -1
            entries.removeAll {
                position += 1
                return $0.key == key && position != index
            }
        }
    }

    /// Bytes on the wire, the four of the length included.
    var encodedSize: Int { entries.reduce(4) { $0 + 1 + $1.key.utf8.count + $1.value.encodedSize } }

    func depth(limit: Int) -> Int { entries.map { $0.value.depth(limit: limit) }.max() ?? 0 }

    /// What is wrong with the table for sending, or nil. librabbitmq would cut a long key and corrupt the frame.
    func defect(maximumSize: Int) -> String? {
        guard depth(limit: Self.maximumDepth + 1) <= Self.maximumDepth else {
            return "table nested deeper than \(Self.maximumDepth) levels"
        }
        guard hasValidKeys else { return "table key longer than 255 bytes" }
        let size = encodedSize
        return size > maximumSize ? "table of \(size) bytes, at most \(maximumSize) are sent" : nil
    }

    private var hasValidKeys: Bool {
        entries.allSatisfy { $0.key.utf8.count <= 255 && Self.hasValidKeys($0.value) }
    }

    private static func hasValidKeys(_ value: AMQPValue) -> Bool {
        switch value {
        case .table(let table): table.hasValidKeys
        case .array(let values): values.allSatisfy(hasValidKeys)
        default: true
        }
    }
}
