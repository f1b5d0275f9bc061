import Hummingbird
import JobCore
import Logging

/// The addresses that job families answer, beside the API.
struct HookRoutes: Sendable {
    private let routes: [FamilyRoute]
    private let context: FamilyRoute.Context

    init(_ routes: [FamilyRoute], _ context: FamilyRoute.Context) {
        self.routes = routes
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        for route in routes {
            let method: HTTPRequest.Method = route.method == .get ? .get : .post
            let parameter = route.path.split(separator: "/").last.flatMap { part in
                part.hasPrefix(":") ? String(part.dropFirst()) : nil
            }
            router.on(RouterPath(route.path), method: method) { request, requestContext in
                await answer(route, request, parameter.flatMap { requestContext.parameters.get($0) })
            }
        }
    }

    private func answer(_ route: FamilyRoute, _ request: Request, _ parameter: String?) async -> Response {
        do {
            var body: [UInt8] = []
            for try await part in request.body {
                guard body.count + part.readableBytes <= FamilyRoute.maximumBody else {
                    return Self.response(.init(413, "too large"))
                }
                body.append(contentsOf: part.readableBytesView)
            }
            let asked = FamilyRoute.Request(
                parameter: parameter,
                headers: request.headers.map { ($0.name.canonicalName, $0.value) },
                body: body
            )
            return Self.response(try await route.answer(asked, context))
        } catch let error as StoreError {
            // Callers repeat what was answered so.
            context.logger.warning("a hook's store did not answer", metadata: [LogKey.error: "\(error.label)"])
            return Self.response(.init(503, "try again later"))
        } catch {
            context.logger.error("a hook failed", metadata: [LogKey.error: "\(error)", "path": "\(route.path)"])
            return Self.response(.init(500, "the request failed; the log says why"))
        }
    }

    private static func response(_ answer: FamilyRoute.Response) -> Response {
        Response(
            status: .init(code: answer.status),
            headers: [.contentType: answer.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body))
        )
    }
}
