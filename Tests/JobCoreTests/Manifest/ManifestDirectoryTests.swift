import Foundation
import Testing

@testable import JobCore

@Suite struct `A directory of declarations` {
    @Test func `is read file by file, without its sub folders`() throws {
        let directory = try Directory([
            "b.yaml": "jobs: { a.b: { summary: s, queue: q, examples: { 1: [{}] } } }", "a.yaml": "queues: { q: {} }",
            ".hidden.yaml": "nonsense", "notes.txt": "nonsense", "templates/x.yaml": "nonsense",
        ])
        let manifest = try Manifest.load(directory: directory.path + "/")
        #expect(manifest.jobs["a.b"]?.declaredAt.description == "\(directory.path)/b.yaml:1:9")
        #expect(manifest.route("a.b") == QueueAddress("q"))
    }

    @Test func `shows the problems of all its files, sorted`() throws {
        let directory = try Directory([
            "a.yaml": "queues: { q: { lag: 5m } }", "b.yaml": "jobs: [", "c.yaml": "queues: { q: {} }", "d.yml": "",
        ])
        #expect(
            problems(directory.path) == [
                "a.yaml:1:16: unknown key \"lag\" in queue \"q\"; "
                    + "allowed: lanes, concurrency, credit, max_length, lag_threshold, depends_on",
                "b.yaml:2:1: not a manifest's YAML: did not find expected node content",
                "c.yaml:1:11: queue \"q\" is declared twice, first at \(directory.path)/a.yaml:1:11",
                "d.yml: only *.yaml is read: name it d.yaml",
            ]
        )
    }

    @Test func `that is missing, empty or not text is an error`() throws {
        let empty = try Directory([:])
        #expect(problems(empty.path + "/none").first?.hasPrefix("none: no such directory") == true)
        #expect(problems(empty.path).first?.hasSuffix(": no *.yaml file in this directory") == true)
        try Data([0x71, 0xFF]).write(to: URL(filePath: empty.path + "/a.yaml"))
        #expect(problems(empty.path) == ["a.yaml: the file is not UTF-8"])
    }

    /// Without the path of the directory in front.
    private func problems(_ path: String) -> [String] {
        do throws(ManifestError) {
            _ = try Manifest.load(directory: path)
            return []
        } catch {
            let base = path.hasSuffix("/none") ? String(path.dropLast(4)) : path + "/"
            return error.problems.map {
                $0.description.hasPrefix(base) ? String($0.description.dropFirst(base.count)) : $0.description
            }
        }
    }

    /// A directory of its own for one test, removed with it.
    private final class Directory {
        let path: String

        init(_ files: [String: String]) throws {
            let url = FileManager.default.temporaryDirectory.appending(path: "manifest-\(UUID().uuidString)")
            path = url.path(percentEncoded: false)
            try FileManager.default.createDirectory(
                at: url.appending(path: "templates"),
                withIntermediateDirectories: true
            )
            for (name, text) in files { try Data(text.utf8).write(to: url.appending(path: name)) }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }
}
