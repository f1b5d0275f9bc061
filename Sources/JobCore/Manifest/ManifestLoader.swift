/// Turns files into a manifest: reads each one's sections, then checks what refers to something in another file.
struct ManifestLoader {
    static let sections = ["queues", "jobs"]

    let report: ManifestReport
    private var queues: [String: QueueDeclaration] = [:]
    private var jobs: [JobName: JobReader.Found] = [:]

    init(report: ManifestReport) {
        self.report = report
    }

    mutating func read(_ text: String, file: String) {
        let document = YAMLDocument(text, file: file)
        report.add(document.problems)
        guard let root = document.root, !root.isNull,
            let sections = FieldReader(root, of: "the manifest", allowed: Self.sections, report: report)
        else { return }
        for entry in declarations(sections, "queues") {
            guard let queue = QueueReader(report: report).read(entry) else { continue }
            if let first = queues[queue.name] {
                report.add(.duplicate("queue \"\(queue.name)\"", first: first.declaredAt), at: entry.place)
            } else {
                queues[queue.name] = queue
            }
        }
        for entry in declarations(sections, "jobs") {
            guard let job = JobReader(report: report).read(entry) else { continue }
            if let first = jobs[job.declaration.name] {
                let what = "job \"\(job.declaration.name)\""
                report.add(.duplicate(what, first: first.declaration.declaredAt), at: entry.place)
            } else {
                jobs[job.declaration.name] = job
            }
        }
    }

    func finish() throws(ManifestError) -> Manifest {
        for job in jobs.values { check(job) }
        guard report.problems.isEmpty else { throw ManifestError(report.problems) }
        return Manifest(queues: queues, jobs: jobs.mapValues(\.declaration))
    }

    private func declarations(_ sections: FieldReader, _ section: String) -> [YAMLEntry] {
        guard let value = sections.value(section) else { return [] }
        guard case .mapping(let entries) = value.content else {
            report.wrongType(section, expected: "a mapping of names to declarations", value)
            return []
        }
        return entries
    }

    /// A queue that is declared with mistakes is declared: a job in it is not a second mistake.
    private func check(_ job: JobReader.Found) {
        let declaration = job.declaration
        let owner = "job \"\(declaration.name)\""
        guard let queuePlace = job.queuePlace else { return }
        guard let queue = queues[declaration.queue] else {
            let declared = queues.keys.sorted()
            report.add(.undeclared("queue of \(owner)", found: declaration.queue, declared: declared), at: queuePlace)
            return
        }
        if job.laneIsKnown, !queue.lanes.contains(declaration.lane) {
            let what = "lane of \(owner) in queue \"\(queue.name)\""
            let found = declaration.lane.rawValue
            report.add(
                .unknownWord(what, found: found, allowed: queue.lanes.map(\.rawValue)),
                at: job.lanePlace ?? queuePlace
            )
        }
        for (dependency, place) in job.parkedDependencies where !queue.dependencies.contains(dependency) {
            let what = "park of \(owner) (a dependency of queue \"\(queue.name)\")"
            report.add(.undeclared(what, found: dependency, declared: queue.dependencies), at: place)
        }
    }
}
