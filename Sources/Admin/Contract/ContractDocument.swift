import Foundation
import JobCore

/// A contract as AsyncAPI 3.0 writes it, and read back from there. The schemas are JSON Schema draft 07, as AsyncAPI's own
/// schema objects are.
struct ContractDocument {
    let contract: Contract

    var asyncAPI: JSONValue {
        [
            "asyncapi": "3.0.0",
            "info": [
                "title": "CheckIn Jobs", "version": "1",
                "description":
                    "What producers in any language publish to the topic exchange jobs, persistent and confirmed.",
                "license": ["name": "Apache-2.0"],
            ],
            "defaultContentType": "application/json",
            "channels": .object(contract.channels.map { ($0.routingKey, channel($0)) }),
            "operations": .object(contract.channels.map { ("run.\($0.routingKey)", operation($0)) }),
            "components": [
                "messages": .object(contract.messages.map { ($0.name, message($0)) }),
                "schemas": .object(
                    [("headers", ContractDocument.headers)] + contract.messages.map { ($0.name, $0.schema.json) }
                ),
            ],
        ]
    }

    private func channel(_ channel: Contract.Channel) -> JSONValue {
        let messages = contract.messages.filter { $0.job == channel.job }
        return [
            "address": .text(channel.routingKey),
            "messages": .object(
                messages.map { ("v\($0.version)", ["$ref": .text("#/components/messages/\($0.name)")]) }
            ),
            "bindings": [
                "amqp": [
                    "is": "routingKey", "exchange": ["name": "jobs", "type": "topic", "durable": true],
                    "bindingVersion": "0.3.0",
                ]
            ],
        ]
    }

    private func operation(_ channel: Contract.Channel) -> JSONValue {
        ["action": "receive", "channel": ["$ref": .text("#/channels/\(channel.routingKey)")]]
    }

    private func message(_ message: Contract.Message) -> JSONValue {
        [
            "name": .text(message.job), "title": .text(message.name), "summary": .text(message.summary),
            "contentType": "application/json",
            "headers": ["$ref": "#/components/schemas/headers"],
            "payload": ["$ref": .text("#/components/schemas/\(message.name)")],
            "examples": .array(message.examples.map { ["payload": .verbatim($0)] }),
        ]
    }

    /// A schema as a file of its own.
    func file(_ message: Contract.Message) -> JSONValue {
        guard case .object(let members) = message.schema.json else { return .null }
        return .object(
            [
                ("$schema", "http://json-schema.org/draft-07/schema#"), ("title", .text(message.name)),
                ("description", .text(message.summary)),
            ] + members + [("examples", .array(message.examples.map { .verbatim($0) }))]
        )
    }

    /// What the wire contract lets any producer ask for.
    private static let headers: JSONValue = {
        let integers = [
            "x-job-version", "x-job-delay-ms", "x-job-expires-at", "x-job-debounce-ms", "x-job-debounce-max-ms",
            "x-job-throttle-ms", "x-job-unique-ms", "x-job-enqueued-at", "x-job-ready-at",
        ]
        let texts = ["x-job-debounce-key", "x-job-throttle-key", "x-job-unique-key", "traceparent", "tracestate"]
        return [
            "type": "object", "description": "All optional; unknown x-job-* headers are ignored.",
            "properties": .object(
                integers.map { ($0, ["type": "integer", "minimum": 0]) } + texts.map { ($0, ["type": "string"]) } + [
                    ("x-job-debounce-leading", ["type": "boolean"]),
                    ("x-job-unique-mode", ["type": "string", "enum": ["until_started", "until_done", "window"]]),
                ]
            ),
        ]
    }()
}

extension PayloadSchema {
    /// Unknown members are allowed everywhere: workers ignore them.
    var json: JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        let words = kinds.sorted().map { JSONValue.text($0.rawValue) }
        if words.count == 1 { members.append(("type", words[0])) }
        if words.count > 1 { members.append(("type", .array(words))) }
        if let format { members.append(("format", .text(format))) }
        if let values {
            members.append(("enum", .array(values.map { .text($0) } + (kinds.contains(.null) ? [.null] : []))))
        }
        if !properties.isEmpty {
            members.append(
                ("properties", .object(properties.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
            )
        }
        if !required.isEmpty { members.append(("required", .array(required.sorted().map { .text($0) }))) }
        if case .schema(let element) = element { members.append(("items", element.json)) }
        if case .schema(let free) = freeValues { members.append(("additionalProperties", free.json)) }
        return .object(members)
    }

    /// Of what `json` writes; anything else in it is passed over.
    init(_ json: [String: Any]) {
        self.init()
        let words = (json["type"] as? [String]) ?? (json["type"] as? String).map { [$0] } ?? []
        kinds = Set(words.compactMap(Kind.init(rawValue:)))
        format = json["format"] as? String
        values = (json["enum"] as? [Any])?.compactMap { $0 as? String }
        properties = ((json["properties"] as? [String: Any]) ?? [:]).mapValues {
            PayloadSchema(($0 as? [String: Any]) ?? [:])
        }
        required = Set((json["required"] as? [String]) ?? [])
        element = (json["items"] as? [String: Any]).map { .schema(PayloadSchema($0)) }
        freeValues = (json["additionalProperties"] as? [String: Any]).map { .schema(PayloadSchema($0)) }
    }
}

extension Contract {
    /// Reads what `asyncAPI` wrote. Nil when it is no such document.
    init?(asyncAPI bytes: Data) {
        guard let document = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any],
            document["asyncapi"] is String, let channels = document["channels"] as? [String: Any],
            let components = document["components"] as? [String: Any],
            let messages = components["messages"] as? [String: Any],
            let schemas = components["schemas"] as? [String: Any]
        else { return nil }
        self.init(
            channels: channels.keys.sorted().map { Channel(routingKey: $0, job: "") },
            messages: messages.keys.sorted().compactMap { name in
                guard let end = name.range(of: ".v", options: .backwards), let version = Int(name[end.upperBound...])
                else { return nil }
                return Message(
                    job: String(name[..<end.lowerBound]),
                    version: version,
                    summary: "",
                    schema: PayloadSchema((schemas[name] as? [String: Any]) ?? [:]),
                    examples: []
                )
            }
        )
    }
}
