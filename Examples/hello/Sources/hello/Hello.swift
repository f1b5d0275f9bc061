// example:begin
import Admin
import JobCore

struct Greet: Job {
    static let name: JobName = "hello.greet"
    var person: String
}

struct GreetWorker: Worker {
    func perform(_ job: Greet, _ context: JobContext) async throws -> Outcome {
        print("Hello, \(job.person)! (attempt \(context.attempt))")
        return .done
    }
}

@main struct Hello {
    static func main() async {
        var registry = JobRegistry()
        registry.register(Greet.self) { _ in GreetWorker() }
        await JobsMain.run(registry)
    }
}
// example:end
