import Foundation
import Logging
import Synchronization
import Testing

@testable import Admin
@testable import JobCore

@Suite struct ObserveTests {
    @Test(
        arguments: [
            ("127.0.0.1:9464", "127.0.0.1", 9464), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80),
        ]
    )
    func `an address has a host and a port`(text: String, host: String, port: Int) {
        #expect(HTTPAddress(text)?.host == host)
        #expect(HTTPAddress(text)?.port == port)
    }

    @Test(arguments: ["", "9464", ":80", "localhost:", "localhost:70000", "a b:80"])
    func `what is no address is refused`(text: String) {
        #expect(HTTPAddress(text) == nil)
    }

    @Test func `a page has each family once, unknown left out, and labels escaped`() {
        var page = MetricsPage()
        page.family("a", .gauge, "A.", [([("q", "x\"y\\")], 1.5), ([("q", "z")], nil)])
        page.family("b", .gauge, "Nothing is known.", [([], nil)])
        page.histograms("c", "C.", [([("q", "m")], LatencyHistogram(jobs: [0: 2, LatencyHistogram.bucket(400): 1]))])
        let lines = page.text.split(separator: "\n").map(String.init)
        #expect(lines[2] == #"a{q="x\"y\\"} 1.5"#)
        #expect(!page.text.contains("# HELP b"))
        #expect(lines.contains(#"c_bucket{q="m",le="0.25"} 2"#))
        #expect(lines.contains(#"c_bucket{q="m",le="0.5"} 3"#))
        #expect(lines.contains(#"c_bucket{q="m",le="+Inf"} 3"#))
        #expect(lines.contains(#"c_count{q="m"} 3"#))
    }

    @Test func `log lines are JSON with the job's id`() throws {
        let holder = LineHolder()
        var logger = Logger(label: "t") { _ in JSONLogHandler { holder.append($0) } }
        logger[metadataKey: LogKey.job] = "42"
        logger.info("job is \"dead\"\n", metadata: [LogKey.queue: "mail", "time": "mine"])
        let line = try #require(holder.lines.first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == "job is \"dead\"\n")
        #expect(object["job_id"] == "42")
        #expect(object["queue"] == "mail")
        #expect(object["level"] == "info")
        #expect(object["_time"] == "mine")
        #expect(Timestamp(rfc3339: object["time"] ?? "") != nil)
    }
}

private final class LineHolder: Sendable {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }
    func append(_ line: String) { state.withLock { $0.append(line) } }
}
