import Foundation

/// A decoder that hands out an example's values, and writes down what it was asked for: a type describes itself by decoding.
/// What is asked with `decode` must be there, what is asked with `decodeIfPresent` may be.
struct SchemaRecorder: Decoder {
    /// What has been asked for at one place.
    final class Sheet {
        var schema = PayloadSchema()
        var members: [String: Sheet] = [:]
        var elements: Sheet?
        var free: Sheet?

        func member(_ name: String) -> Sheet {
            if let sheet = members[name] { return sheet }
            let sheet = Sheet()
            members[name] = sheet
            return sheet
        }

        func element() -> Sheet {
            let sheet = elements ?? Sheet()
            elements = sheet
            return sheet
        }

        var result: PayloadSchema {
            var result = schema
            result.properties = members.mapValues(\.result)
            result.element = elements.map { .schema($0.result) }
            result.freeValues = free.map { .schema($0.result) }
            return result
        }
    }

    let node: JSONNode
    let sheet: Sheet
    var codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    static func schema<T: Decodable>(of type: T.Type, example: [UInt8]) throws -> PayloadSchema {
        let node = try JSONDecoder().decode(JSONNode.self, from: Data(example))
        let sheet = Sheet()
        _ = try SchemaRecorder(node: node, sheet: sheet).value(type)
        return sheet.result
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        sheet.schema.kinds.insert(.object)
        guard case .object(let members) = node else { throw mismatch("an object") }
        return KeyedDecodingContainer(Members<Key>(members: members, sheet: sheet, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        sheet.schema.kinds.insert(.array)
        guard case .array(let values) = node else { throw mismatch("a list") }
        return Elements(values: values, sheet: sheet.element(), codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { One(recorder: self) }

    func mismatch(_ expected: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: "the example has no \(expected) here"))
    }
}

extension SchemaRecorder {
    /// Notes the type before it is looked for: a type that tries several accepts them all.
    func value<T: Decodable>(_ type: T.Type) throws -> T {
        SchemaRecorder.note(type, on: sheet)
        if let dictionary = type as? any FreeKeyed.Type {
            guard case .object(let members) = node else { throw mismatch("an object") }
            let free = sheet.free ?? Sheet()
            sheet.free = free
            guard let value = try dictionary.read(members, free) as? T else { throw mismatch("an object") }
            return value
        }
        switch (type, node) {
        case (is Bool.Type, .bool(let value)): return try cast(value)
        case (is String.Type, .text(let value)): return try cast(value)
        case (is Double.Type, .number(let value)): return try cast(value)
        case (is Double.Type, .integer(let value)): return try cast(Double(value))
        case (is Float.Type, .number(let value)): return try cast(Float(value))
        case (is Float.Type, .integer(let value)): return try cast(Float(value))
        case (let type as any FixedWidthInteger.Type, .integer(let value)):
            guard let number = type.init(exactly: value) as? T else { throw mismatch("number of that size") }
            return number
        case (is Date.Type, .text(let text)):
            guard let date = ISO8601DateFormatter().date(from: text) else { throw mismatch("instant") }
            return try cast(date)
        case (is URL.Type, .text(let text)):
            guard let url = URL(string: text) else { throw mismatch("URL") }
            return try cast(url)
        case (is Bool.Type, _), (is String.Type, _), (is Double.Type, _), (is Float.Type, _), (is Date.Type, _),
            (is URL.Type, _), (is any FixedWidthInteger.Type, _):
            throw mismatch("\(type)")
        default: return try T(from: self)
        }
    }

    private func cast<T>(_ value: Any) throws -> T {
        guard let value = value as? T else { throw mismatch("\(T.self)") }
        return value
    }

    static func note<T>(_ type: T.Type, on sheet: Sheet) {
        switch type {
        case is Bool.Type: sheet.schema.kinds.insert(.boolean)
        case is String.Type: sheet.schema.kinds.insert(.string)
        case is Double.Type, is Float.Type: sheet.schema.kinds.insert(.number)
        case is any FixedWidthInteger.Type: sheet.schema.kinds.insert(.integer)
        case is Date.Type: (sheet.schema.kinds, sheet.schema.format) = ([.string], "date-time")
        case is URL.Type: (sheet.schema.kinds, sheet.schema.format) = ([.string], "uri")
        case is UUID.Type: (sheet.schema.kinds, sheet.schema.format) = ([.string], "uuid")
        case is any FreeKeyed.Type: sheet.schema.kinds.insert(.object)
        case is any Listed.Type: sheet.schema.kinds.insert(.array)
        case let type as any CaseIterable.Type: sheet.schema.values = texts(type)
        case is any ExpressibleByNilLiteral.Type: sheet.schema.kinds.insert(.null)
        default: break
        }
    }
}

/// A dictionary: its keys are the producer's.
private protocol FreeKeyed {
    static func read(_ members: [String: JSONNode], _ sheet: SchemaRecorder.Sheet) throws -> Any
}

extension Dictionary: FreeKeyed where Key == String, Value: Decodable {
    fileprivate static func read(_ members: [String: JSONNode], _ sheet: SchemaRecorder.Sheet) throws -> Any {
        SchemaRecorder.note(Value.self, on: sheet)
        return try members.mapValues { try SchemaRecorder(node: $0, sheet: sheet).value(Value.self) }
    }
}

private protocol Listed {}
extension Array: Listed {}
extension Set: Listed {}

/// The texts of an enumeration that lists its cases.
private func texts<T: CaseIterable>(_ type: T.Type) -> [String]? {
    let texts = type.allCases.map { ($0 as? any RawRepresentable)?.rawValue as? String }
    return texts.isEmpty || texts.contains(nil) ? nil : texts.compactMap(\.self).sorted()
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONNode]
    let sheet: SchemaRecorder.Sheet
    let codingPath: [any CodingKey]

    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: PayloadCoding.propertyName(of: $0)) } }

    private func name(_ key: Key) -> String { PayloadCoding.fieldName(of: key.stringValue) }

    func contains(_ key: Key) -> Bool { members[name(key)] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { members[name(key)] == .null }

    private func recorder(_ key: Key, isRequired: Bool) -> SchemaRecorder? {
        let name = name(key)
        let member = sheet.member(name)
        if isRequired { sheet.schema.required.insert(name) }
        return members[name].map { SchemaRecorder(node: $0, sheet: member, codingPath: codingPath + [key]) }
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        guard let recorder = recorder(key, isRequired: true) else {
            SchemaRecorder.note(type, on: sheet.member(name(key)))
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "not in the example"))
        }
        return try recorder.value(type)
    }

    // Each by name: the standard library's own would ask with `decode`, and make everything required.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(type, key) }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { try optional(type, key) }

    private func optional<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
        let member = sheet.member(name(key))
        // What is not in any example and has a type of its own stays unknown: anything.
        defer { if !member.schema.kinds.isEmpty { member.schema.kinds.insert(.null) } }
        guard let recorder = recorder(key, isRequired: false), recorder.node != .null else {
            SchemaRecorder.note(type, on: member)
            return nil
        }
        return try recorder.value(type)
    }

    func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Inner> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        SchemaRecorder(node: .object(members), sheet: sheet, codingPath: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        guard let recorder = recorder(key, isRequired: true) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "not in the example"))
        }
        return recorder
    }
}

private struct Elements: UnkeyedDecodingContainer {
    let values: [JSONNode]
    let sheet: SchemaRecorder.Sheet
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(values: [JSONNode], sheet: SchemaRecorder.Sheet, codingPath: [any CodingKey]) {
        (self.values, self.sheet, self.codingPath) = (values, sheet, codingPath)
    }

    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex >= values.count }

    private mutating func next() throws -> SchemaRecorder {
        guard !isAtEnd else {
            throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "the list has ended"))
        }
        defer { currentIndex += 1 }
        return SchemaRecorder(node: values[currentIndex], sheet: sheet, codingPath: codingPath)
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, values[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().value(type) }

    mutating func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type
    ) throws -> KeyedDecodingContainer<Inner> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct One: SingleValueDecodingContainer {
    let recorder: SchemaRecorder
    var codingPath: [any CodingKey] { recorder.codingPath }

    func decodeNil() -> Bool { recorder.node == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try recorder.value(type) }
}
