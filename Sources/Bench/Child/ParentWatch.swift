import Foundation

/// Ends this process when its parent is gone: standard input is a pipe that the parent holds.
enum ParentWatch {
    static func start() {
        let thread = Thread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            exit(1)
        }
        thread.name = "parent-watch"
        thread.start()
    }
}
