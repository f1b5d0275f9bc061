import Foundation
import JobCore

/// One job as a JSON object: a line of `--ndjson`, or a body over HTTP. The payload's bytes are taken as they stand: numbers are not spelt anew.
struct EnqueueLine {
    /// What is wrong with one, and with which member where it is one's.
    struct Fault: Error, Equatable {
        let field: String?
        let label: String
        let message: String
    }

    private let payload: [UInt8]
    private let name: Any?
    private let fields: EnqueueFields

    init(_ bytes: [UInt8]) throws(Fault) {
        do throws(Malformed) {
            try PayloadLimits.check(bytes)
        } catch {
            // The line's own braces and keys come on top of the payload's; only its size may exceed the limit.
            guard error.label == "malformed_too_large" else {
                throw Fault(field: nil, label: error.label, message: error.message)
            }
        }
        guard JSONGrammar.accepts(bytes),
            let members = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else {
            throw Fault(field: nil, label: "malformed_json", message: "not a JSON object")
        }
        do throws(FieldError) {
            fields = try EnqueueFields(members, others: ["payload", "name"])
        } catch {
            throw EnqueueLine.bad(error)
        }
        guard members["payload"] != nil, let payload = JSONMembers.bytes(of: "payload", in: bytes) else {
            throw EnqueueLine.bad(FieldError("payload", "is missing"))
        }
        self.payload = payload
        name = members["name"]
    }

    /// What the object does not say, the defaults do.
    func request(_ defaults: EnqueueDefaults) throws(Fault) -> EnqueueRequest {
        var job = defaults.name
        if let name {
            job = (name as? String).flatMap { JobName($0) }
            if job == nil { throw EnqueueLine.bad(FieldError("name", "must be a job name")) }
        }
        guard let job else {
            throw EnqueueLine.bad(FieldError("name", "is missing, and nothing else names the job"))
        }
        do throws(Malformed) {
            try PayloadLimits.check(payload)
        } catch {
            throw Fault(field: "payload", label: error.label, message: error.message)
        }
        do throws(FieldError) {
            let own = try fields.options()
            let inherited = defaults.options.filter { !$0.isAdmission || !own.contains(where: \.isAdmission) }
            let options = inherited + own
            return EnqueueRequest(job: job, version: try fields.version() ?? 1, payload: payload, options: options)
        } catch {
            throw EnqueueLine.bad(error)
        }
    }

    private static func bad(_ error: FieldError) -> Fault {
        Fault(field: error.field, label: "invalid", message: "\"\(error.field)\" \(error.message)")
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

    /// The elements of an array that a parser has accepted, each as it stands.
    static func elements(of array: [UInt8]) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        var (position, depth, start) = (0, 0, 0)
        func add(until end: Int) {
            let element = trimmed(array[start..<end])
            if !element.isEmpty { elements.append(element) }
        }
        while position < array.count {
            switch array[position] {
            case UInt8(ascii: "\""): position = endOfString(array, from: position + 1)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth == 1 { start = position + 1 }
            case UInt8(ascii: ",") where depth == 1:
                add(until: position)
                start = position + 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { add(until: position) }
            default: break
            }
            position += 1
        }
        return elements
    }
}
