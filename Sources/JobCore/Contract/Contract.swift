/// What producers may send: every routing key with the versions of its job, each with what its payload looks like.
package struct Contract: Sendable, Equatable {
    package struct Message: Sendable, Equatable {
        package let job: String
        package let version: Int
        package let summary: String
        package let schema: PayloadSchema
        /// As the manifest has them, canonical JSON.
        package let examples: [String]

        package init(job: String, version: Int, summary: String, schema: PayloadSchema, examples: [String]) {
            (self.job, self.version, self.summary) = (job, version, summary)
            (self.schema, self.examples) = (schema, examples)
        }

        /// `notification.email.v1`
        package var name: String { "\(job).v\(version)" }
    }

    package struct Channel: Sendable, Equatable {
        package let routingKey: String
        package let job: String

        package init(routingKey: String, job: String) {
            (self.routingKey, self.job) = (routingKey, job)
        }
    }

    package var channels: [Channel]
    package var messages: [Message]

    package init(channels: [Channel], messages: [Message]) {
        (self.channels, self.messages) = (channels, messages)
    }

    /// The present version of a type is what its Swift type reads; older ones are known by their examples alone.
    package init(_ manifest: Manifest, _ registry: JobRegistry) throws {
        try registry.check(against: manifest)
        channels = manifest.topology.routes.map { Channel(routingKey: $0.routingKey, job: $0.job.rawValue) }
        messages = []
        for declaration in manifest.jobs.values.sorted(by: { $0.name < $1.name }) {
            for (version, examples) in declaration.examples.sorted(by: { $0.key < $1.key }) {
                var schema = PayloadSchema()
                for example in examples {
                    if version == declaration.version, let type = registry.types[declaration.name] {
                        schema.merge(try type.schema(example))
                    } else {
                        schema.merge(try PayloadSchema(example: example))
                    }
                }
                messages.append(
                    Message(
                        job: declaration.name.rawValue,
                        version: version,
                        summary: declaration.summary,
                        schema: schema,
                        examples: examples.map { String(decoding: $0, as: UTF8.self) }
                    )
                )
            }
        }
    }
}

extension Contract {
    package struct Changes: Sendable, Equatable {
        /// What was allowed and is not any more.
        package var breaking: [String] = []
        /// What producers may want to know.
        package var notes: [String] = []
    }

    /// What became of an older contract: everything it allows must still be taken.
    package func changes(since older: Contract) -> Changes {
        var changes = Changes()
        let keys = Set(channels.map(\.routingKey))
        for channel in older.channels where !keys.contains(channel.routingKey) {
            changes.breaking.append("routing key \(channel.routingKey): no queue takes it any more")
        }
        let known = Dictionary(messages.map { ($0.name, $0) }) { first, _ in first }
        for message in older.messages {
            guard let now = known[message.name] else {
                changes.breaking.append("\(message.name): this version is not read any more")
                continue
            }
            changes.breaking += now.schema.refusals(of: message.schema).map { "\(message.name): \($0)" }
            changes.notes += now.schema.forgotten(of: message.schema).map { "\(message.name): \($0) is ignored now" }
        }
        let before = Set(older.messages.map(\.name))
        changes.notes += messages.filter { !before.contains($0.name) }.map { "\($0.name): new" }
        return changes
    }

    /// Fields that the Swift type reads and no example has: nothing can be said of them.
    package var unknownFields: [String] {
        messages.flatMap { message in message.schema.unknownFields("\(message.name): payload") }
    }
}

extension PayloadSchema {
    fileprivate func unknownFields(_ path: String) -> [String] {
        properties.sorted { $0.key < $1.key }.flatMap { name, schema in
            schema.kinds.isEmpty ? ["\(path).\(name)"] : schema.unknownFields("\(path).\(name)")
        }
    }
}
