import Foundation
import JobCore

/// One line of `--ndjson`. The payload's bytes are taken as they stand: numbers are not spelt anew.
struct EnqueueLine {
    private static let keys = ["payload", "name", "id", "lane", "delay_ms", "expires_at_ms", "version", "traceparent"]

    private let payload: [UInt8]
    private let members: [String: Any]

    init(_ bytes: [UInt8]) throws(CommandFailure) {
        do throws(Malformed) {
            try PayloadLimits.check(bytes)
        } catch {
            // The line's own braces and keys come on top of the payload's; only its size may exceed the limit.
            guard error.label == "malformed_too_large" else {
                throw CommandFailure(.failed, error.label, error.message, remedy: "mend the line")
            }
        }
        guard JSONGrammar.accepts(bytes),
            let members = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else {
            throw EnqueueLine.bad("not a JSON object", label: "malformed_json")
        }
        if let unknown = members.keys.sorted().first(where: { !EnqueueLine.keys.contains($0) }) {
            throw EnqueueLine.bad("unknown key \"\(unknown)\"; \(NearestWord.advice(unknown, EnqueueLine.keys))")
        }
        guard members["payload"] != nil, let payload = JSONMembers.bytes(of: "payload", in: bytes) else {
            throw EnqueueLine.bad("\"payload\" is missing")
        }
        self.payload = payload
        self.members = members
    }

    func request(_ defaults: EnqueueDefaults) throws(CommandFailure) -> EnqueueRequest {
        guard let name = try text("name", JobName.init, "a job name") ?? defaults.name else {
            throw EnqueueLine.bad("\"name\" is missing, and the command line names no job")
        }
        try PayloadSource.check(payload)
        var options: [EnqueueOption] = []
        if let id = try text("id", JobID.init, "a UUID") { options.append(.id(id)) }
        let lane = try text("lane", { Lane(rawValue: $0) }, "high, normal or bulk") ?? defaults.lane
        if let lane { options.append(.lane(lane)) }
        let delay = try number("delay_ms", 0...31_622_400_000).map { Duration.milliseconds($0) } ?? defaults.delay
        if let delay { options.append(.delay(delay)) }
        let expiry = try number("expires_at_ms", 0...253_402_300_799_999).map { Timestamp(milliseconds: $0) }
        let expires = expiry.map { $0.duration(since: .now()) } ?? defaults.expires
        if let expires { options.append(.expires(expires)) }
        if let parent = try text("traceparent", { $0.utf8.count <= 512 ? $0 : nil }, "a short text") {
            options.append(.traceparent(parent))
        }
        let version = try number("version", 1...1_000_000).map { Int($0) } ?? 1
        return EnqueueRequest(job: name, version: version, payload: payload, options: options)
    }

    private func text<T>(
        _ key: String,
        _ read: (String) -> T?,
        _ expected: String
    ) throws(CommandFailure) -> T? {
        guard let value = members[key] else { return nil }
        guard let text = value as? String, let read = read(text) else {
            throw EnqueueLine.bad("\"\(key)\" must be \(expected)")
        }
        return read
    }

    private func number(_ key: String, _ range: ClosedRange<Int64>) throws(CommandFailure) -> Int64? {
        guard let value = members[key] else { return nil }
        guard let number = (value as? NSNumber).flatMap({ Int64(exactly: $0.doubleValue) }), range.contains(number)
        else {
            throw EnqueueLine.bad("\"\(key)\" must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func bad(_ message: String, label: String = "invalid") -> CommandFailure {
        CommandFailure(.failed, label, message, remedy: "mend the line")
    }
}

/// Finds a member's bytes in an object that a parser has accepted.
enum JSONMembers {
    /// Of a key given twice the last one counts, as for the parser.
    static func bytes(of wanted: String, in object: [UInt8]) -> [UInt8]? {
        var found: [UInt8]?
        var position = 0
        var depth = 0
        var key: [UInt8]?
        var valueStart: Int?
        func value(until end: Int) -> [UInt8]? {
            guard let start = valueStart, key == Array(wanted.utf8) else { return nil }
            return trimmed(object[start..<end])
        }
        while position < object.count {
            switch object[position] {
            case UInt8(ascii: "\""):
                let start = position + 1
                position = endOfString(object, from: start)
                if depth == 1, valueStart == nil, position <= object.count { key = Array(object[start..<position]) }
            case UInt8(ascii: ":") where depth == 1 && valueStart == nil: valueStart = position + 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ",") where depth == 1:
                found = value(until: position) ?? found
                (key, valueStart) = (nil, nil)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { found = value(until: position) ?? found }
            default: break
            }
            position += 1
        }
        return found
    }

    /// The place of the closing quote.
    private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
        var position = start
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position, bytes.count)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return Array(Array(bytes.drop(while: isSpace)).reversed().drop(while: isSpace).reversed())
    }
}
