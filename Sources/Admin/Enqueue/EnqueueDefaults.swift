import JobCore

/// What the command line says about every job it enqueues; a line of a file may say otherwise.
struct EnqueueDefaults: Sendable {
    var name: JobName?
    var lane: Lane?
    var delay: Duration?
    var expires: Duration?

    var admission: EnqueueOption?
    var traceparent: String?

    /// In this order a line's own come after them, and count.
    var options: [EnqueueOption] {
        var options: [EnqueueOption] = []
        if let lane { options.append(.lane(lane)) }
        if let delay { options.append(.delay(delay)) }
        if let expires { options.append(.expires(expires)) }
        if let admission { options.append(admission) }
        if let traceparent { options.append(.traceparent(traceparent)) }
        return options
    }

    func request(_ name: JobName, payload: [UInt8], id: JobID?) -> EnqueueRequest {
        EnqueueRequest(job: name, payload: payload, options: options + (id.map { [.id($0)] } ?? []))
    }

    static func name(_ text: String) throws -> JobName {
        guard let name = JobName(text) else {
            throw CommandFailure.usage("\"\(text)\" is not a job name: two to six parts of [a-z0-9_] joined by dots")
        }
        return name
    }

    static func lane(_ text: String) throws -> Lane {
        guard let lane = Lane(rawValue: text) else {
            throw CommandFailure.usage("\"\(text)\" is not a lane", remedy: "use high, normal or bulk")
        }
        return lane
    }

    static func id(_ text: String) throws -> JobID {
        guard let id = JobID(text) else { throw CommandFailure.usage("\"\(text)\" is not a UUID") }
        return id
    }
}
