import Foundation

/// What a payload may look like, as far as JSON Schema says it: the types it may have, and what is in it.
package struct PayloadSchema: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable, Comparable {
        case null, boolean, integer, number, string, array, object

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    /// Empty: anything.
    package var kinds: Set<Kind> = []
    package var format: String?
    /// The only values of a text; nil for any.
    package var values: [String]?
    package var properties: [String: PayloadSchema] = [:]
    package var required: Set<String> = []
    /// Of an array's elements; nil where none was seen.
    package indirect enum Inner: Sendable, Equatable {
        case schema(PayloadSchema)
    }
    package var element: Inner?
    /// Of the values of an object whose keys are the producer's own.
    package var freeValues: Inner?

    package init(_ kinds: Set<Kind> = []) {
        self.kinds = kinds
    }
}

extension PayloadSchema {
    /// Both may come: what two examples show.
    package mutating func merge(_ other: PayloadSchema) {
        let hadObject = kinds.contains(.object)
        let isEmpty = self == PayloadSchema()
        kinds.formUnion(other.kinds)
        format = isEmpty ? other.format : (format == other.format ? format : nil)
        values = isEmpty ? other.values : (values == other.values ? values : nil)
        if other.kinds.contains(.object) {
            required = hadObject ? required.intersection(other.required) : other.required
        }
        for (name, schema) in other.properties { properties[name, default: PayloadSchema()].merge(schema) }
        element = PayloadSchema.merged(element, other.element)
        freeValues = PayloadSchema.merged(freeValues, other.freeValues)
    }

    private static func merged(_ left: Inner?, _ right: Inner?) -> Inner? {
        guard case .schema(var schema) = left else { return right }
        if case .schema(let other) = right { schema.merge(other) }
        return .schema(schema)
    }

    /// Inferred from a value alone: for versions whose Swift type is gone.
    package init(of value: JSONNode) {
        switch value {
        case .null: self.init([.null])
        case .bool: self.init([.boolean])
        case .integer: self.init([.integer])
        case .number: self.init([.number])
        case .text: self.init([.string])
        case .array(let values):
            self.init([.array])
            if !values.isEmpty {
                element = .schema(values.reduce(into: PayloadSchema()) { $0.merge(PayloadSchema(of: $1)) })
            }
        case .object(let members):
            self.init([.object])
            for (name, member) in members { properties[name] = PayloadSchema(of: member) }
            required = Set(members.keys)
        }
    }
}

extension PayloadSchema {
    /// What a producer that heeds `older` could send and this one refuses: with its place in the payload.
    package func refusals(of older: PayloadSchema, at path: String = "payload") -> [String] {
        guard !kinds.isEmpty else { return [] }
        var refusals: [String] = []
        let accepted = kinds.contains(.number) ? kinds.union([.integer]) : kinds
        let sent = older.kinds.isEmpty ? Set(Kind.allCases) : older.kinds
        let lost = sent.subtracting(accepted)
        if !lost.isEmpty {
            refusals.append("\(path) may no longer be \(lost.sorted().map(\.rawValue).joined(separator: " or "))")
        }
        if let values {
            let gone = older.values.map { Set($0).subtracting(values).sorted() }
            if let gone, !gone.isEmpty {
                refusals.append("\(path) may no longer be \(gone.map { "\"\($0)\"" }.joined(separator: ", "))")
            } else if gone == nil, older.kinds.contains(.string) {
                refusals.append("\(path) may no longer be any text, only \(values.joined(separator: ", "))")
            }
        }
        for name in required.subtracting(older.required).sorted() {
            refusals.append("\(path).\(name) must be there now")
        }
        for (name, schema) in older.properties.sorted(by: { $0.key < $1.key }) {
            guard let newer = properties[name] else { continue }
            refusals += newer.refusals(of: schema, at: "\(path).\(name)")
        }
        if case .schema(let newer) = element, case .schema(let older) = older.element {
            refusals += newer.refusals(of: older, at: "\(path)[]")
        }
        if case .schema(let newer) = freeValues, case .schema(let older) = older.freeValues {
            refusals += newer.refusals(of: older, at: "\(path).*")
        }
        return refusals
    }

    /// Fields that `older` has and nobody reads any more; no refusal, since unknown fields are ignored.
    package func forgotten(of older: PayloadSchema, at path: String = "payload") -> [String] {
        guard freeValues == nil else { return [] }
        return older.properties.sorted { $0.key < $1.key }.flatMap { name, schema in
            properties[name].map { $0.forgotten(of: schema, at: "\(path).\(name)") } ?? ["\(path).\(name)"]
        }
    }
}

/// A JSON value, integers apart from other numbers.
package enum JSONNode: Sendable, Equatable, Decodable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case array([JSONNode])
    case object([String: JSONNode])

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let array = try? value.decode([JSONNode].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSONNode].self))
        }
    }
}

extension PayloadSchema {
    init(example: [UInt8]) throws {
        self.init(of: try JSONDecoder().decode(JSONNode.self, from: Data(example)))
    }
}
