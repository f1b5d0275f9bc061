import CPostgreSQL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A detached thread for calls that block, outside Swift's cooperative pool.
enum NamedThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: seen in `ps -L` and debuggers; Linux keeps 15 bytes of it.
    /// - Returns: false when the system has no thread to give; `body` is not called then.
    static func run(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = Unmanaged.passRetained(Start(name: String(name.prefix(15)), body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        #if canImport(Glibc)
            var thread = pthread_t()
            let status = pthread_create(&thread, &attributes, { NamedThread.main($0) }, start.toOpaque())
        #else
            var thread: pthread_t?
            let status = pthread_create(&thread, &attributes, { NamedThread.main($0) }, start.toOpaque())
        #endif
        if status != 0 { start.release() }
        return status == 0
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        cpg_name_this_thread(start.name)
        start.body()
        return nil
    }
}
