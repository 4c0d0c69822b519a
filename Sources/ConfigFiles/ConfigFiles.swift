// ConfigFiles
