import Curl
import Foundation
import Testing

@Suite struct `HTTP/2 over TLS` {
    @Test func `requests share one connection`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.http2(folder.path)
        let client = client(ca: "\(folder.path)/ca.pem")
        let url = "https://localhost:\(peer.port)/echo"
        let responses = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<100 {
                group.addTask { try await client.send(HTTPRequest("POST", url, body: Array("hello".utf8))) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.allSatisfy { $0.status == 200 && $0.httpMajorVersion == 2 })
        #expect(responses.count { $0.openedConnection } <= 2)
        #expect(responses.allSatisfy { $0.headers.all("X-Twice") == ["one", "two"] })
    }

    @Test func `HTTP/1.1 is spoken when asked for`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.http2(folder.path)
        let response = try await client(ca: "\(folder.path)/ca.pem").send(
            HTTPRequest("GET", "https://localhost:\(peer.port)/status/410", version: .http1)
        )
        #expect(response.httpMajorVersion == 1)
        #expect(response.status == 410)
    }

    @Test func `time out and cancellation end a stream`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.http2(folder.path)
        let client = client(ca: "\(folder.path)/ca.pem")
        let url = "https://localhost:\(peer.port)/"
        // Long enough for the handshake on a busy machine: a request that was not sent would time out as well.
        await #expect(throws: HTTPError.timeout(sent: true)) {
            try await client.send(HTTPRequest("GET", url + "mute", timeout: .seconds(4)))
        }
        let task = Task { try await client.send(HTTPRequest("GET", url + "mute")) }
        task.cancel()
        await #expect(throws: HTTPError.cancelled) { try await task.value }
        #expect(try await client.send(HTTPRequest("GET", url + "status/200")).status == 200)
    }

    @Test func `a certificate nobody vouches for is refused`() async throws {
        let folder = try TemporaryFolder()
        let peer = try await Peers.http2(folder.path)
        do {
            _ = try await client(ca: nil).send(HTTPRequest("GET", "https://localhost:\(peer.port)/echo"))
            Issue.record("was trusted")
        } catch {
            #expect(error.label == "tls")
        }
    }

    private func client(ca: String?) -> HTTPClient {
        var configuration = HTTPClient.Configuration(addresses: .loopbackAllowed)
        configuration.tls = TLSVerification(caFile: ca)
        return HTTPClient(configuration)
    }
}
