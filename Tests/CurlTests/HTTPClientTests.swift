import Curl
import Foundation
import Testing

@Suite struct `HTTP client` {
    private let client = HTTPClient(.init(addresses: .loopbackAllowed))

    @Test func `method, headers and body arrive as given`() async throws {
        let peer = try await Peers.http()
        let request = HTTPRequest(
            "POST",
            peer.url("echo"),
            headers: ["X-One": "1", "X-Empty": "", "Content-Type": "application/json"],
            body: Array("{\"ç\":1}".utf8)
        )
        let response = try await client.send(request)
        let echo = try JSONDecoder().decode(Echo.self, from: Data(response.body))
        #expect(response.status == 200)
        #expect(response.httpMajorVersion == 1)
        #expect(echo.method == "POST")
        #expect(echo.value("X-One") == "1")
        #expect(echo.value("X-Empty") == "")
        #expect(echo.value("Content-Type") == "application/json")
        #expect(echo.value("User-Agent") == "checkin-jobs")
        #expect(echo.value("Expect") == nil)
        #expect(Array(echo.body.unicodeScalars.map { UInt8($0.value) }) == request.body)
        #expect(response.headers.all("x-TWICE") == ["one", "two"])
    }

    @Test(arguments: ["GET", "PUT", "DELETE", "PATCH", "POST", "HEAD"])
    func `every method works without a body`(method: String) async throws {
        let peer = try await Peers.http()
        let response = try await client.send(HTTPRequest(method, peer.url("echo")))
        #expect(response.status == 200)
        if method == "HEAD" {
            #expect(response.body.isEmpty)
        } else {
            let echo = try JSONDecoder().decode(Echo.self, from: Data(response.body))
            #expect(echo.method == method)
            #expect(echo.value("Content-Type") == nil)
        }
    }

    @Test(arguments: [204, 304, 400, 401, 404, 410, 429, 500, 503])
    func `any status is a response`(status: Int) async throws {
        let peer = try await Peers.http()
        let response = try await client.send(HTTPRequest("GET", peer.url("status/\(status)")))
        #expect(response.status == status)
        #expect(response.headers["retry-after"] == "7")
    }

    @Test func `a redirect is not followed`() async throws {
        let peer = try await Peers.http()
        let response = try await client.send(HTTPRequest("GET", peer.url("redirect")))
        #expect(response.status == 302)
        #expect(response.headers["location"] == "/echo")
    }

    @Test func `connections are used again`() async throws {
        let peer = try await Peers.http()
        var opened = 0
        for _ in 0..<50 {
            let response = try await client.send(HTTPRequest("POST", peer.url("echo"), body: [0x78]))
            opened += response.openedConnection ? 1 : 0
        }
        #expect(opened == 1)
    }

    @Test(arguments: ["bytes/5001", "chunked/6", "headers/100"])
    func `a response over the limit ends the transfer`(path: String) async throws {
        let peer = try await Peers.http()
        let request = HTTPRequest("GET", peer.url(path), maxResponseBytes: 5000)
        #expect(await error(of: request) == .tooLarge)
    }

    @Test(arguments: ["bytes/5000", "chunked/5"])
    func `a response of exactly the limit is whole`(path: String) async throws {
        let peer = try await Peers.http()
        let response = try await client.send(HTTPRequest("GET", peer.url(path), maxResponseBytes: 5000))
        #expect(response.body.count == 5000)
        #expect(response.headers["X-Trailer"] == nil)
    }

    @Test func `a silent server is a timeout after sending`() async throws {
        let peer = try await Peers.http()
        let request = HTTPRequest("GET", peer.url("mute"), timeout: .milliseconds(300))
        #expect(await error(of: request) == .timeout(sent: true))
    }

    @Test func `cancelling the task ends the transfer at once`() async throws {
        let peer = try await Peers.http()
        let task = Task { await error(of: HTTPRequest("GET", peer.url("mute"))) }
        _ = await peer.next("MUTE")
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test(arguments: [
        ("drop", HTTPError.interrupted), ("short", HTTPError.interrupted), ("garbage", HTTPError.malformedResponse),
    ])
    func `what a broken server sends is an error`(path: String, expected: HTTPError) async throws {
        let peer = try await Peers.http()
        #expect(await error(of: HTTPRequest("POST", peer.url(path), body: [1])) == expected)
    }

    @Test func `nobody listens`() async throws {
        #expect(await error(of: HTTPRequest("GET", "http://127.0.0.1:1/")) == .connect)
    }

    @Test func `a name that does not exist`() async throws {
        #expect(await error(of: HTTPRequest("GET", "http://name.invalid/")) == .resolve)
    }

    @Test(arguments: [
        "http://127.0.0.1:1/", "http://localhost:1/", "http://2130706433:1/", "http://0x7f.1:1/", "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1:1/",
    ])
    func `the global policy refuses addresses of this network in every spelling`(url: String) async throws {
        let strict = HTTPClient()
        await #expect(throws: HTTPError.forbiddenAddress) { try await strict.send(HTTPRequest("GET", url)) }
    }

    @Test func `more waiting requests than allowed are refused`() async throws {
        var configuration = HTTPClient.Configuration(addresses: .any)
        configuration.maxInFlight = 1
        configuration.maxWaiting = 1
        let narrow = HTTPClient(configuration)
        let peer = try await Peers.http()
        let running = Task { try await narrow.send(HTTPRequest("GET", peer.url("mute"))) }
        _ = await peer.next("MUTE")
        // One waits until its time is up, the other finds the waiting room full: which is which is open.
        async let first = error(of: HTTPRequest("GET", peer.url("echo"), timeout: .milliseconds(400)), narrow)
        async let second = error(of: HTTPRequest("GET", peer.url("echo"), timeout: .milliseconds(400)), narrow)
        let errors = await [first, second].compactMap(\.?.label).sorted()
        #expect(errors == ["overloaded", "timeout"])
        running.cancel()
        _ = await running.result
    }

    @Test func `a closed client answers everyone`() async throws {
        let peer = try await Peers.http()
        let closing = HTTPClient(.init(addresses: .any))
        let running = Task { await error(of: HTTPRequest("GET", peer.url("mute")), closing) }
        _ = await peer.next("MUTE")
        closing.close()
        #expect(await running.value == .cancelled)
        #expect(await error(of: HTTPRequest("GET", peer.url("echo")), closing) == .closed)
    }

    @Test func `500 requests at a time all come back`() async throws {
        let peer = try await Peers.http()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<500 {
                group.addTask { try await client.send(HTTPRequest("GET", peer.url("echo"))).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 500))
    }

    private func error(of request: HTTPRequest, _ other: HTTPClient? = nil) async -> HTTPError? {
        do {
            _ = try await (other ?? client).send(request)
            return nil
        } catch {
            return error
        }
    }
}

extension PeerProcess {
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }
}

private struct Echo: Decodable {
    let method: String
    let headers: [[String]]
    let body: String

    func value(_ name: String) -> String? { headers.first { $0[0].lowercased() == name.lowercased() }?[1] }
}
