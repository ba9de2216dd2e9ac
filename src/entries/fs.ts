export { fileSink, type FileSinkOptions } from '../sinks/fs/file-sink.js';
