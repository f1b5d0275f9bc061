import Curl
import Foundation
import JobCore

/// The few calls of RabbitMQ's management API that AMQP cannot make: policies, and what exchanges and bindings exist.
final class ManagementClient: Sendable {
    private let base: String
    private let authorization: String
    private let host: String
    private let client: HTTPClient
    /// Percent-encoded for a path: `/` becomes `%2F`.
    let virtualHost: String

    init(url: String, authorityFile: String? = nil, virtualHost: String) throws(BrokerError) {
        guard var parts = URLComponents(string: url), let host = parts.host, let user = parts.user,
            parts.scheme == "http" || parts.scheme == "https"
        else {
            throw .refused("JOBS_MANAGEMENT_URL must look like http://user:password@host:15672")
        }
        let credentials = "\(user):\(parts.password ?? "")"
        authorization = "Basic " + Data(credentials.utf8).base64EncodedString()
        parts.user = nil
        parts.password = nil
        base = (parts.string ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "/"))
        self.host = host
        self.virtualHost = ManagementClient.encoded(virtualHost)
        var configuration = HTTPClient.Configuration(addresses: .any)
        configuration.tls.caFile = authorityFile
        client = HTTPClient(configuration)
    }

    func close() {
        client.close()
    }

    static func encoded(_ segment: String) -> String {
        segment.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? segment
    }

    func get<T: Decodable>(_ type: T.Type, _ path: String) async throws(BrokerError) -> T {
        let body = try await send("GET", path, body: [])
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw .refused("the management API at \(host) answered \(path) in a form that is not known here")
        }
    }

    func put(_ path: String, _ document: some Encodable) async throws(BrokerError) {
        guard let body = try? JSONEncoder().encode(document) else { throw .refused("cannot encode \(path)") }
        _ = try await send("PUT", path, body: [UInt8](body))
    }

    func delete(_ path: String) async throws(BrokerError) {
        _ = try await send("DELETE", path, body: [])
    }

    private func send(_ method: String, _ path: String, body: [UInt8]) async throws(BrokerError) -> [UInt8] {
        let request = HTTPRequest(
            method,
            base + path,
            headers: ["Authorization": authorization, "Content-Type": "application/json"],
            body: body,
            timeout: .seconds(10),
            version: .http1,
            maxResponseBytes: 16 << 20
        )
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch {
            throw .unavailable("the management API at \(host) is not reachable (\(error.label))")
        }
        switch response.status {
        case 200..<300: return response.body
        case 404 where method == "DELETE": return []
        case 401, 403: throw .refused("the management API at \(host) refused these credentials for \(method) \(path)")
        default: throw .refused("the management API at \(host) answered \(response.status) to \(method) \(path)")
        }
    }
}
