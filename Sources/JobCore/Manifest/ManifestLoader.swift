/// Turns files into a manifest: reads each one's sections, then checks what refers to something in another file.
struct ManifestLoader {
    static let sections = ["queues", "jobs", "schedules", "alerts", "dependencies", "limits", "roles", "retention"]

    let report: ManifestReport
    private var queues: [String: QueueDeclaration] = [:]
    private var jobs: [JobName: JobReader.Found] = [:]
    private var schedules: [String: ScheduleReader.Found] = [:]
    private var dependencies: [String: (declaration: DependencyDeclaration, place: ManifestPlace)] = [:]
    private var limits: [String: LimitReader.Found] = [:]
    private var roles: (declaration: RoleDeclaration, place: ManifestPlace)?
    private var retention: (declaration: RetentionDeclaration, place: ManifestPlace)?
    private var alerts: (declaration: AlertDeclaration, place: ManifestPlace)?

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
        if let value = sections.value("alerts") {
            if let first = alerts?.place {
                report.add(.duplicate("alerts", first: first), at: value.place)
            } else {
                alerts = (AlertReader(report: report).read(value), value.place)
            }
        }
        if let value = sections.value("retention") {
            if let first = retention?.place {
                report.add(.duplicate("retention", first: first), at: value.place)
            } else {
                retention = (RetentionReader(report: report).read(value), value.place)
            }
        }
        if let value = sections.value("roles") {
            if let first = roles?.place {
                report.add(.duplicate("roles", first: first), at: value.place)
            } else {
                roles = (RoleReader(report: report).read(value), value.place)
            }
        }
        readBrakes(sections)
        for entry in declarations(sections, "schedules") {
            guard let schedule = ScheduleReader(report: report).read(entry) else { continue }
            let declaration = schedule.declaration
            if let first = schedules[declaration.name]?.declaration {
                let what = "schedule \"\(declaration.name)\""
                report.add(.duplicate(what, first: first.declaredAt), at: entry.place)
            } else {
                schedules[declaration.name] = schedule
            }
        }
    }

    private mutating func readBrakes(_ sections: FieldReader) {
        for entry in declarations(sections, "dependencies") {
            guard let dependency = DependencyReader(report: report).read(entry) else { continue }
            if let first = dependencies[dependency.name]?.place {
                report.add(.duplicate("dependency \"\(dependency.name)\"", first: first), at: entry.place)
            } else {
                dependencies[dependency.name] = (dependency, entry.place)
            }
        }
        for entry in declarations(sections, "limits") {
            guard let limit = LimitReader(report: report).read(entry) else { continue }
            if let first = limits[limit.declaration.name]?.place {
                report.add(.duplicate("limit \"\(limit.declaration.name)\"", first: first), at: entry.place)
            } else {
                limits[limit.declaration.name] = limit
            }
        }
    }

    func finish() throws(ManifestError) -> Manifest {
        for job in jobs.values { check(job) }
        for schedule in schedules.values { check(schedule) }
        for limit in limits.values { check(limit) }
        checkDependencies()
        guard report.problems.isEmpty else { throw ManifestError(report.problems) }
        return Manifest(
            queues: queues,
            jobs: jobs.mapValues(\.declaration),
            schedules: schedules.mapValues(\.declaration),
            alerts: alerts?.declaration ?? AlertDeclaration(),
            dependencies: dependencies.mapValues(\.declaration),
            limits: limits.mapValues(\.declaration),
            roles: roles?.declaration ?? [:],
            retention: retention?.declaration ?? RetentionDeclaration()
        )
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

    private func check(_ schedule: ScheduleReader.Found) {
        let declaration = schedule.declaration
        let owner = "schedule \"\(declaration.name)\""
        guard let job = jobs[declaration.job]?.declaration else {
            let declared = jobs.keys.map(\.rawValue).sorted()
            let found = declaration.job.rawValue
            report.add(.undeclared("job of \(owner)", found: found, declared: declared), at: schedule.jobPlace)
            return
        }
        guard let lane = declaration.lane, let queue = queues[job.queue], !queue.lanes.contains(lane) else { return }
        let what = "lane of \(owner) in queue \"\(queue.name)\""
        report.add(
            .unknownWord(what, found: lane.rawValue, allowed: queue.lanes.map(\.rawValue)),
            at: schedule.lanePlace ?? schedule.jobPlace
        )
    }

    private var dependedOn: [String] { Set(queues.values.flatMap(\.dependencies)).sorted() }

    /// A breaker that no queue heeds is a word misspelt.
    private func checkDependencies() {
        let known = dependedOn
        for (name, found) in dependencies where !known.contains(name) {
            report.add(
                .undeclared("dependency \"\(name)\" (depends_on of no queue)", found: name, declared: known),
                at: found.place
            )
        }
    }

    private func check(_ limit: LimitReader.Found) {
        let (found, declared): (String, [String])
        switch limit.declaration.scope {
        case .dependency(let name): (found, declared) = (name, dependedOn)
        case .queue(let name): (found, declared) = (name, queues.keys.sorted())
        case .job(let name): (found, declared) = (name.rawValue, jobs.keys.map(\.rawValue).sorted())
        }
        guard !declared.contains(found) else { return }
        let what = "limit \"\(limit.declaration.name)\""
        report.add(.undeclared(what, found: found, declared: declared), at: limit.scopePlace)
    }
}
