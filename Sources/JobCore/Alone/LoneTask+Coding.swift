package import Foundation

extension LoneTask {
    /// The form that goes through the socket to the lone process, which is the same build.
    private struct Form: Codable {
        let routingKey: String
        let body: Data
        let messageID: String?
        let type: String?
        let contentType: String?
        let timestamp: Int64?
        let headers: Headers
        let timeoutMs: Int64
        let generation: Int?
        let deduplicates: Bool
    }

    package func encoded() throws -> Data {
        try JSONEncoder().encode(
            Form(
                routingKey: message.routingKey,
                body: Data(message.body),
                messageID: message.messageID,
                type: message.type,
                contentType: message.contentType,
                timestamp: message.timestamp,
                headers: message.headers,
                timeoutMs: timeout.milliseconds,
                generation: generation,
                deduplicates: deduplicates
            )
        )
    }

    package init(decoding data: Data) throws {
        let form = try JSONDecoder().decode(Form.self, from: data)
        self.init(
            message: WireMessage(
                routingKey: form.routingKey,
                body: [UInt8](form.body),
                messageID: form.messageID,
                type: form.type,
                contentType: form.contentType,
                timestamp: form.timestamp,
                headers: form.headers
            ),
            timeout: .milliseconds(form.timeoutMs),
            generation: form.generation,
            deduplicates: form.deduplicates
        )
    }
}
