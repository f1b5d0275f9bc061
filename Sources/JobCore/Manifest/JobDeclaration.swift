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
    /// Paths in the payload (`to`, `data.email`) that tools mask unless told otherwise; a path covers what is below it.
    package var personalFields: [String] = []
    /// Payloads by version, as canonical JSON. The current version has at least one.
    package var examples: [Int: [[UInt8]]] = [:]
    package let declaredAt: ManifestPlace

    package init(name: JobName, declaredAt: ManifestPlace) {
        self.name = name
        self.declaredAt = declaredAt
    }
}
