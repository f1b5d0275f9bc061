/// A typed unit of work: what an enqueuer hands over and a worker receives, as JSON with snake_case keys.
///
/// Unknown fields are ignored when decoding, so that a producer may be newer than this build. Declare the type in the
/// manifest too (`jobs/*.yaml`): startup refuses a type that has only one of the two.
public protocol Job: Codable, Sendable {
    /// The job's name on the wire; never reused for another meaning.
    static var name: JobName { get }

    /// The payload's version, 1 if not given. Raise it with a change that an older build cannot read.
    static var version: Int { get }

    /// Turns a payload of an older version into this version's JSON, at consume and at replay.
    /// The default refuses, which makes the job a dead letter `no_upcast`.
    static func upcast(_ payload: [UInt8], from version: Int) throws -> [UInt8]
}

extension Job {
    public static var version: Int { 1 }

    public static func upcast(_ payload: [UInt8], from version: Int) throws -> [UInt8] {
        throw JobError.dead("no_upcast", "version \(version) of \(name) is older than this build and has no upcast")
    }
}
