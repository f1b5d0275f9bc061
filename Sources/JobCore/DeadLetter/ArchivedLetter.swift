package import Foundation

/// A dead letter in a file: one JSON object a line, everything that brings it back as it was.
package struct ArchivedLetter: Sendable, Equatable, Codable {
    package let id: String
    package let deathID: String
    package let job: String
    package let queue: String
    package let lane: String
    package let attempts: Int
    package let errorType: String
    package let errorMessage: String
    package let fingerprint: String
    package let build: String
    package let worker: String
    package let enqueuedAt: String
    package let failedAt: String
    package let bodyLength: Int64
    package let bodySHA256: String?
    /// As `HeadersCoding` writes them.
    package let headers: Headers
    /// JSON as text where the body is UTF-8, else `payloadBase64`.
    package let payload: String?
    package let payloadBase64: String?

    package enum CodingKeys: String, CodingKey {
        case id, job, queue, lane, attempts, fingerprint, build, worker, headers, payload
        case deathID = "death_id"
        case errorType = "error_type"
        case errorMessage = "error_message"
        case enqueuedAt = "enqueued_at"
        case failedAt = "failed_at"
        case bodyLength = "payload_bytes"
        case bodySHA256 = "payload_sha256"
        case payloadBase64 = "payload_base64"
    }
}

extension ArchivedLetter {
    /// - Parameter letter: with its payload.
    package init(_ letter: LetterRecord) {
        let body = letter.payload ?? []
        let text = String(validating: body, as: UTF8.self)
        self.init(
            id: letter.jobID.description,
            deathID: letter.deathID,
            job: letter.job,
            queue: letter.address.queue,
            lane: letter.address.lane.rawValue,
            attempts: letter.attempts,
            errorType: letter.errorType,
            errorMessage: letter.errorMessage,
            fingerprint: letter.fingerprint,
            build: letter.build,
            worker: letter.worker,
            enqueuedAt: letter.enqueuedAt.description,
            failedAt: letter.failedAt.description,
            bodyLength: letter.bodyLength,
            bodySHA256: letter.bodySHA256,
            headers: letter.headers,
            payload: text,
            payloadBase64: text == nil ? Data(body).base64EncodedString() : nil
        )
    }

    package var line: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(self)) ?? Data("{}".utf8)) + Data("\n".utf8)
    }

    /// What is wrong with a line, for people.
    package struct Mistake: Error, Sendable, Equatable {
        package let reason: String
    }

    package init(line: [UInt8]) throws(Mistake) {
        let decoded: ArchivedLetter
        do {
            decoded = try JSONDecoder().decode(ArchivedLetter.self, from: Data(line))
        } catch {
            throw Mistake(reason: "it is no letter that dead drain wrote")
        }
        guard JobID(decoded.id) != nil else { throw Mistake(reason: "its id is no UUID") }
        guard Timestamp(rfc3339: decoded.enqueuedAt) != nil, Timestamp(rfc3339: decoded.failedAt) != nil else {
            throw Mistake(reason: "enqueued_at and failed_at are instants")
        }
        guard decoded.body != nil else { throw Mistake(reason: "it has neither payload nor payload_base64") }
        guard Lane(rawValue: decoded.lane) != nil else { throw Mistake(reason: "lane is high, normal or bulk") }
        self = decoded
    }

    var body: [UInt8]? {
        payload.map { Array($0.utf8) } ?? payloadBase64.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
    }

    var parameters: SQLParameters {
        [
            "job_id": .text(id.lowercased()), "death_id": .scrubbed(deathID, maximumBytes: 256),
            "job": .scrubbed(job, maximumBytes: 256), "queue": .scrubbed(queue, maximumBytes: 256), "lane": .text(lane),
            "payload": .payload(body ?? [], owner: id.lowercased()), "headers": .bytes(HeadersCoding.encode(headers)),
            "attempts": .int(attempts),
            "error_type": .scrubbed(errorType, maximumBytes: 128), "error_message": .scrubbed(errorMessage),
            "fingerprint": .scrubbed(fingerprint, maximumBytes: 128), "build": .scrubbed(build, maximumBytes: 128),
            "worker": .scrubbed(worker, maximumBytes: 128),
            "enqueued_at": .instant(Timestamp(rfc3339: enqueuedAt)?.bounded),
            "failed_at": .instant(Timestamp(rfc3339: failedAt)?.bounded), "body_length": .int(bodyLength),
            "body_sha256": .text(bodySHA256),
        ]
    }
}
