/// Writes a manifest's value as JSON: keys sorted by their bytes, no spaces, text outside ASCII as it is. So an example
/// has one form, however it is laid out in YAML.
struct CanonicalJSON {
    private(set) var bytes: [UInt8] = []

    static func encode(_ value: YAMLValue) throws(ManifestProblem) -> [UInt8] {
        var writer = CanonicalJSON()
        try writer.write(value, depth: 0)
        return writer.bytes
    }

    private mutating func write(_ value: YAMLValue, depth: Int) throws(ManifestProblem) {
        // Anchors repeat a value at no cost in YAML: a short example must not become a payload without end.
        guard bytes.count <= PayloadLimits.maximumBytes, depth <= PayloadLimits.maximumDepth else {
            let reason =
                "it is larger than \(PayloadLimits.maximumBytes) bytes or deeper than \(PayloadLimits.maximumDepth)"
            throw ManifestProblem(.badExample(reason), at: value.place)
        }
        switch value.content {
        case .scalar(let text, let quoted):
            try write(scalar: text, quoted: quoted, value)
        case .sequence(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try write(value, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "]"))
        case .mapping(let entries):
            bytes.append(UInt8(ascii: "{"))
            let sorted = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, entry) in sorted.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(text: entry.key)
                bytes.append(UInt8(ascii: ":"))
                try write(entry.value, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func write(
        scalar text: String,
        quoted: Bool,
        _ value: YAMLValue
    ) throws(ManifestProblem) {
        if quoted {
            write(text: text)
        } else if value.isNull {
            bytes += "null".utf8
        } else if ["true", "True", "TRUE"].contains(text) {
            bytes += "true".utf8
        } else if ["false", "False", "FALSE"].contains(text) {
            bytes += "false".utf8
        } else {
            switch YAMLNumber(text) {
            case .integer(let digits): bytes += digits.utf8
            case .double(let number): bytes += number.description.utf8
            case .unrepresentable:
                throw ManifestProblem(.badExample("the number \(text) does not fit in JSON"), at: value.place)
            case nil: write(text: text)
            }
        }
    }

    private mutating func write(text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x00...0x1F: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
