import Testing

@testable import JobCore

@Suite struct `Registry against manifest` {
    private struct Greet: Job {
        static let name: JobName = "mail.greet"
        static let version = 2
        var userID: Int64
        var note: String?
    }

    private struct Nameless: Job {
        static let name: JobName = "Mail"
    }

    private struct Nobody<Work: Job>: Worker {
        func perform(_ job: Work, _ context: JobContext) async throws -> Outcome { .done }
    }

    private let place = ManifestPlace(file: "jobs/mail.yaml", line: 3, column: 1)

    private func manifest(
        version: Int = 2,
        _ examples: [Int: [String]] = [2: [#"{"user_id":1}"#]],
        name: JobName = Greet.name
    ) -> Manifest {
        var job = JobDeclaration(name: name, declaredAt: place)
        job.queue = "mail"
        job.version = version
        job.examples = examples.mapValues { $0.map { Array($0.utf8) } }
        return Manifest(queues: ["mail": QueueDeclaration(name: "mail", declaredAt: place)], jobs: [name: job])
    }

    private func problems(_ manifest: Manifest, _ register: (inout JobRegistry) -> Void) -> [String] {
        var registry = JobRegistry()
        register(&registry)
        do {
            try registry.check(against: manifest)
            return []
        } catch {
            return error.problems
        }
    }

    private func greet(_ registry: inout JobRegistry) {
        registry.register(Greet.self) { _ in Nobody<Greet>() }
    }

    @Test func `what agrees passes`() {
        #expect(problems(manifest(), greet).isEmpty)
    }

    @Test func `a worker without declaration and a declaration without worker are both named`() {
        let found = problems(manifest([2: []], name: "mail.other"), greet)
        #expect(found.count == 2)
        #expect(found.contains { $0.hasPrefix("mail.greet has a worker") })
        #expect(found.contains { $0.contains("jobs/mail.yaml:3:1: mail.other has no worker") })
    }

    @Test func `a version that only one side knows is named`() {
        #expect(problems(manifest(version: 3), greet).contains { $0.contains("version 3 here and 2 in the code") })
    }

    @Test(
        arguments: [
            #"{"user_id":"text"}"#, #"{}"#, #"{"user_id":1,"misspelt":2}"#, #"{"userID":1}"#, "[",
        ]
    )
    func `an example that does not fit the type is named`(example: String) {
        let found = problems(manifest([2: [#"{"user_id":1}"#, example]]), greet)
        #expect(found.count == 1)
        #expect(found.first?.contains("example 2 of mail.greet version 2") == true)
    }

    @Test func `an old version without upcast is named`() {
        let found = problems(manifest([1: [#"{"user":1}"#], 2: [#"{"user_id":1}"#]]), greet)
        #expect(found.count == 1)
        #expect(found.first?.contains("version 1") == true)
    }

    @Test func `a bad name and a name twice are named, all at once`() {
        let found = problems(manifest()) { registry in
            greet(&registry)
            greet(&registry)
            registry.register(Nameless.self) { _ in Nobody<Nameless>() }
        }
        #expect(found.contains { $0.contains("registered twice") })
        #expect(found.contains { $0.contains("\"Mail\" is not a job name") })
    }
}
