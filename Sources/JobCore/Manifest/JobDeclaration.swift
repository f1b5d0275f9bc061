/// A job type as the manifest declares it.
package struct JobDeclaration: Sendable, Equatable {
    package let name: JobName
    /// One line for people: what a job of this type does.
    package var summary = ""
    package var queue = ""
    /// The lane of the plain routing key; one of the queue's. Default `normal`.
    package var lane = Lane.normal
    /// The payload version that producers of this manifest write. Default 1.
    package var version = 1
    /// How long one attempt may run: 100 ms … 10 min, default 60 s.
    package var timeout: Duration = .seconds(60)
    package var retry = RetryPolicy()
    /// How long each step of a job is committed once and a finished job is not run again: 1 min … 7 d; nil: at least once.
    package var deduplicate: Duration?
    /// How long after its birth a job is worth running: 1 s … 31 d; nil: for ever, unless its producer says otherwise.
    package var expiresAfter: Duration?
    /// An expired job leaves no dead letter, it is only counted. Default false.
    package var shedsExpired = false
    /// Paths in the payload (`to`, `data.email`) that tools mask unless told otherwise; a path covers what is below it.
    package var personalFields: [String] = []
    /// Payloads by version, as canonical JSON. The current version has at least one.
    package var examples: [Int: [[UInt8]]] = [:]
    package let declaredAt: ManifestPlace

    package init(name: JobName, declaredAt: ManifestPlace) {
        self.name = name
        self.declaredAt = declaredAt
    }

    /// Whether a path of the payload is one that tools mask, or lies below one.
    package func isPersonal(_ path: String) -> Bool {
        personalFields.contains { path == $0 || path.hasPrefix("\($0).") }
    }
}
