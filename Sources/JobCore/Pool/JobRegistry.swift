public import Logging

/// What a worker is built from, once per process.
public struct WorkerResources: Sendable {
    /// The process environment; secrets come from here or from files it names.
    public let environment: [String: String]
    /// The directory of declarations (`jobs/`).
    public let jobsDirectory: String
    public let logger: Logger

    public init(environment: [String: String], jobsDirectory: String, logger: Logger) {
        self.environment = environment
        self.jobsDirectory = jobsDirectory
        self.logger = logger
    }
}

/// The job types this program can run: one line of registration each.
public struct JobRegistry: Sendable {
    package private(set) var types: [JobName: RegisteredJob] = [:]
    package private(set) var mistakes: [String] = []
    /// The platform's own types: a program may declare them, or do without.
    package private(set) var optionalTypes: Set<JobName> = []
    package private(set) var scenes: [DemoScene] = []
    package internal(set) var verbs: [FamilyVerb] = []
    package internal(set) var migrations: [Migration] = []
    package internal(set) var routes: [FamilyRoute] = []
    package internal(set) var erasures: [FamilyErasure] = []

    public init() {}

    /// Registers a type and how its worker is built. Mistakes (a bad name, a name twice) are collected and reported
    /// when the program starts, all of them at once.
    public mutating func register<J: Job, W: Worker>(
        _ type: J.Type,
        _ makeWorker: @escaping @Sendable (WorkerResources) throws -> W
    ) where W.Work == J {
        if !JobName.isValid(J.name.rawValue) {
            mistakes.append("\(J.self): \"\(J.name)\" is not a job name: two to six parts of [a-z0-9_] joined by dots")
        }
        if types[J.name] != nil {
            mistakes.append("\(J.name) is registered twice")
        }
        types[J.name] = RegisteredJob(type, makeWorker)
    }
}

extension JobRegistry {
    package mutating func makeOptional(_ name: JobName) {
        optionalTypes.insert(name)
    }

    /// Adds a type's part of `jobctl dev --demo`.
    public mutating func demonstrate(_ scene: DemoScene) {
        scenes.append(scene)
    }
}

/// A job type without its Swift type: what the pool calls.
package struct RegisteredJob: Sendable {
    package let name: JobName
    package let version: Int
    package let makePerform: @Sendable (WorkerResources) throws -> Perform
    /// Decodes an example and encodes it again, for the checks at startup.
    package let roundTrip: @Sendable (_ payload: [UInt8], _ version: Int) throws -> [UInt8]

    /// What the type reads, by an example of its own version.
    package let schema: @Sendable (_ example: [UInt8]) throws -> PayloadSchema

    package typealias Perform = @Sendable (_ envelope: Envelope, _ context: JobContext) async throws -> Outcome

    init<J: Job, W: Worker>(_ type: J.Type, _ makeWorker: @escaping @Sendable (WorkerResources) throws -> W)
    where W.Work == J {
        name = J.name
        version = J.version
        makePerform = { resources in
            let worker = try makeWorker(resources)
            return { envelope, context in
                try await worker.perform(try decoded(J.self, envelope.payload, envelope.version), context)
            }
        }
        schema = { try SchemaRecorder.schema(of: J.self, example: $0) }
        roundTrip = { payload, version in
            try PayloadCoding.encode(try decoded(J.self, payload, version))
        }
    }
}

private func decoded<J: Job>(_ type: J.Type, _ payload: [UInt8], _ version: Int) throws -> J {
    try PayloadLimits.check(payload)
    let current = version < J.version ? try J.upcast(payload, from: version) : payload
    return try PayloadCoding.decode(type, from: current)
}
