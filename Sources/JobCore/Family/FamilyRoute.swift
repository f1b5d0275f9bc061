public import Logging

/// An address of `jobctl serve` that a job family answers: a provider's callbacks, a link in a mail. It asks for no key, so
/// the family checks itself who calls.
public struct FamilyRoute: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    public struct Request: Sendable {
        /// What stood for the last part of the path, if the route has one that varies.
        public let parameter: String?
        /// The body, at most `FamilyRoute.maximumBody` bytes.
        public let body: [UInt8]
        private let headers: [(name: String, value: String)]

        package init(parameter: String?, headers: [(name: String, value: String)], body: [UInt8]) {
            self.parameter = parameter
            self.headers = headers
            self.body = body
        }

        /// The first header of that name, in any case.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    public struct Response: Sendable, Equatable {
        public let status: Int
        public let contentType: String
        public let body: String

        public init(_ status: Int, contentType: String = "text/plain; charset=utf-8", _ body: String = "") {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// What the answer may use.
    public struct Context: Sendable {
        public let environment: [String: String]
        public let logger: Logger
        private let driver: any StoreDriver

        package init(environment: [String: String], logger: Logger, store: Store) {
            self.environment = environment
            self.logger = logger
            driver = store.driver
        }

        /// As `FamilyVerb.Context.transaction`.
        public func transaction<T: Sendable>(
            _ body: @escaping @Sendable (any SQLSession) throws(StoreError) -> T
        ) async throws(StoreError) -> T {
            try await driver.write(body)
        }
    }

    public static let maximumBody = 65_536

    public let method: Method
    /// `hooks/twilio/status`; with a last part of `:name` one that varies.
    public let path: String
    public let answer: @Sendable (Request, Context) async throws -> Response

    public init(
        _ method: Method,
        _ path: String,
        answer: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.answer = answer
    }
}

extension JobRegistry {
    /// Adds an address to `jobctl serve`.
    public mutating func add(_ route: FamilyRoute) {
        routes.append(route)
    }
}
