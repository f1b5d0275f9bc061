import Admin
import Foundation
import JobCore
import Testing

// producers.md:begin
struct SyncVenue: Job {
    static let name: JobName = "venue.sync"
    var venueID: Int64
}

func produce() async throws {
    let client = try await JobClient.fromEnvironment()
    try await client.enqueue(SyncVenue(venueID: 42), .debounce("venue:42", .seconds(10), max: .seconds(60)))
    let venues = (1...10_000).map { SyncVenue(venueID: $0) }
    for result in await client.enqueue(all: venues, .lane(.bulk)) {
        if case .failure(let error) = result { print(error) }
    }
}
// producers.md:end

@Suite struct ProducerExampleTests {
    /// What is compiled above is what the page shows.
    @Test func `the page's Swift is this file's`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/producers.md"), encoding: .utf8)
        let file = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let begin = try #require(file.firstRange(of: "// producers.md:begin\n"))
        let end = try #require(file.firstRange(of: "// producers.md:end"))
        let code = file[begin.upperBound..<end.lowerBound]
        #expect(page.contains("```swift\nimport Admin\nimport JobCore\n\n\(code)```"))
    }

    @Test func `an environment without a store says what to do`() async {
        let folder = FileManager.default.temporaryDirectory.appending(path: "none-\(UUID().uuidString)").path()
        let url = "sqlite://\(folder)/jobs.db"
        await #expect(throws: ConfigurationError.self) {
            _ = try await JobClient.fromEnvironment(["JOBS_BROKER_URL": url, "JOBS_DATABASE_URL": url])
        }
    }
}
