export { fileSink, type FileSinkOptions } from '../sinks/fs/file-sink.js';
export { fileCursorStore, type FileCursorStoreOptions } from '../stores/fs/file-cursor-store.js';
