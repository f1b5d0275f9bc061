import Crypto
import Foundation

/// What is known of a request that may be a repetition.
package enum RequestBeginning: Sendable, Equatable {
    /// Enqueue under this id: the first time, or once more after an attempt that did not come to its end.
    case begin(JobID)
    /// It came to this before.
    case answered(Enqueued)
    /// The same key came with something else.
    case different
    /// Another caller is at it right now.
    case running

    /// Of everything a request asks for.
    package static func fingerprint(of job: JobName, _ body: [UInt8]) -> String {
        Data(SHA256.hash(data: Data("\(job)\n".utf8) + Data(body))).base64EncodedString()
    }
}

extension Store {
    /// An attempt that has not ended by then, has died.
    private static let patience: Duration = .seconds(15)
    /// How long a repetition is known for one.
    package static let requestMemory: Duration = .seconds(86_400)

    /// Notes a request before its job is enqueued, so that its repetition uses the same id.
    /// - Parameters:
    ///   - name: the caller's key, and the caller.
    ///   - fingerprint: of everything that the request asks for.
    package func begin(
        request name: String,
        fingerprint: String,
        id: JobID
    ) async throws(StoreError) -> RequestBeginning {
        try await driver.write { session throws(StoreError) in
            let inserted = try session.execute(
                """
                insert into enqueue_requests (name, fingerprint, job_id, began_at, expires_at)
                values (:name, :fingerprint, :id, (select now_ms()), (select now_ms()) + :memory)
                on conflict (name) do nothing
                """,
                [
                    "name": .text(name), "fingerprint": .text(fingerprint), "id": .id(id),
                    "memory": .int(Store.requestMemory.milliseconds),
                ]
            )
            if inserted == 1 { return .begin(id) }
            let row = try session.query(
                """
                select fingerprint, job_id, result, other_id, (select now_ms()) - began_at as age
                from enqueue_requests where name = :name \(session.dialect.lock)
                """,
                ["name": .text(name)]
            ).first
            guard let row else { return .running }
            guard try row.text("fingerprint") == fingerprint else { return .different }
            let first = try row.id("job_id")
            let other = try row.optionalText("other_id").flatMap { JobID($0) }
            switch (try row.optionalText("result"), other) {
            case ("coalesced", let other?): return .answered(Enqueued(first, .coalesced(into: other)))
            case ("duplicate", let other?): return .answered(Enqueued(first, .duplicate(of: other)))
            case (.some, _): return .answered(Enqueued(first))
            case (nil, _): break
            }
            guard try row.int("age") >= Store.patience.milliseconds else { return .running }
            try session.execute(
                "update enqueue_requests set began_at = (select now_ms()) where name = :name",
                ["name": .text(name)]
            )
            return .begin(first)
        }
    }

    /// - Parameter job: nil when it failed: a repetition may begin at once, under the same id.
    package func end(request name: String, _ job: Enqueued?) async throws(StoreError) {
        let (result, other): (String?, JobID?) =
            switch job?.result {
            case nil: (nil, nil)
            case .enqueued?: ("enqueued", nil)
            case .coalesced(let into)?: ("coalesced", into)
            case .duplicate(let of)?: ("duplicate", of)
            }
        try await driver.write { session throws(StoreError) in
            try session.execute(
                "update enqueue_requests set result = :result, other_id = :other, began_at = 0 where name = :name",
                ["name": .text(name), "result": .text(result), "other": .text(other?.description)]
            )
        }
    }

    /// True when there may be more.
    package func forgetOldRequests() async throws(StoreError) -> Bool {
        try await forgetExpired(of: "enqueue_requests", key: "name")
    }
}
