import JobCore
import Testing

extension WireMessage {
    /// A job for `alpha`, or for another routing key, whose payload says only its number.
    static func numbered(_ number: Int, key: String = "alpha.work", headers: Headers = [:]) -> WireMessage {
        WireMessage(
            routingKey: key,
            body: Array(#"{"number":\#(number)}"#.utf8),
            messageID: JobID().description,
            contentType: "application/json",
            headers: headers
        )
    }

    /// -1 for what was not made by `numbered`.
    var number: Int {
        let text = String(decoding: body, as: UTF8.self)
        return Int(text.dropFirst(#"{"number":"#.count).dropLast()) ?? -1
    }
}

extension World {
    /// Publishes and demands every confirm.
    func publish(_ messages: [WireMessage], sourceLocation: SourceLocation = #_sourceLocation) async {
        for (index, result) in await broker.publish(messages, deadline: .seconds(20)).enumerated() {
            if case .failure(let error) = result {
                Issue.record("message \(index) of \(messages.count): \(error)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Ready messages of one broker queue; -1 when it is not declared.
    func ready(_ queue: String = "alpha") async throws -> Int {
        try await broker.depths([queue])[queue]?.ready ?? -1
    }

    func untilReady(_ count: Int, in queue: String = "alpha") async throws {
        try await until("\(count) ready in \(queue)") { try await ready(queue) == count }
    }
}

extension Consumption {
    /// The next `count` deliveries, and whatever came with them.
    func take(_ count: Int) async -> [Delivery] {
        var taken: [Delivery] = []
        while taken.count < count, let batch = await next() { taken += batch }
        return taken
    }
}

/// The typed error of a call, nil when it succeeded.
func failure<E: Error>(_ body: () async throws(E) -> Void) async -> E? {
    do throws(E) {
        try await body()
        return nil
    } catch {
        return error
    }
}

extension Result where Success == Void {
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
