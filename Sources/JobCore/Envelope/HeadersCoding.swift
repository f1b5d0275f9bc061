import Foundation

/// The stored form of a header table: JSON that a person can read, with a tag only where JSON has no such type.
/// Kept as bytes, never as jsonb: what a stranger sent must come back as it was.
package enum HeadersCoding {
    package static func encode(_ headers: Headers) -> [UInt8] {
        if let plain = PlainHeaders.encode(headers) { return plain }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard !headers.isEmpty, let data = try? encoder.encode(headers) else { return Array("{}".utf8) }
        return [UInt8](data)
    }

    /// Damaged bytes give an empty table: a header is never worth a letter that cannot be read.
    package static func decode(_ bytes: [UInt8]) -> Headers {
        guard bytes.count > 2 else { return [:] }
        if let plain = PlainHeaders.decode(bytes) { return plain }
        return (try? JSONDecoder().decode(Headers.self, from: Data(bytes))) ?? [:]
    }
}

extension HeaderValue: Codable {
    private enum Tag: String, CodingKey {
        case bytes = "@bytes"
        case double = "@double"
        case table = "@table"
    }

    /// Containers are tried first: a decoder that tries scalars first spends 0.5 s on 500 nested arrays.
    public init(from decoder: any Decoder) throws {
        if let tagged = try? decoder.container(keyedBy: Tag.self) {
            if let text = try tagged.decodeIfPresent(String.self, forKey: .bytes) {
                self = .bytes(Data(base64Encoded: text).map { [UInt8]($0) } ?? [])
            } else if let text = try tagged.decodeIfPresent(String.self, forKey: .double) {
                self = .double(Double(text) ?? 0)
            } else {
                self = .table(try tagged.decodeIfPresent([String: HeaderValue].self, forKey: .table) ?? [:])
            }
            return
        }
        if let list = try? decoder.unkeyedContainer() {
            var list = list
            var values: [HeaderValue] = []
            while !list.isAtEnd { values.append(try list.decode(HeaderValue.self)) }
            self = .list(values)
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? value.decode(Int64.self) {
            self = .int(number)
        } else {
            self = .string(try value.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .bytes(let bytes):
            var tagged = encoder.container(keyedBy: Tag.self)
            try tagged.encode(Data(bytes).base64EncodedString(), forKey: .bytes)
        case .double(let number):
            var tagged = encoder.container(keyedBy: Tag.self)
            try tagged.encode(String(number), forKey: .double)
        case .table(let table):
            var tagged = encoder.container(keyedBy: Tag.self)
            try tagged.encode(table, forKey: .table)
        case .list(let values):
            var list = encoder.unkeyedContainer()
            for value in values { try list.encode(value) }
        case .int(let number):
            var value = encoder.singleValueContainer()
            try value.encode(number)
        case .bool(let flag):
            var value = encoder.singleValueContainer()
            try value.encode(flag)
        case .string(let text):
            var value = encoder.singleValueContainer()
            try value.encode(text)
        case .null:
            var value = encoder.singleValueContainer()
            try value.encodeNil()
        }
    }
}
