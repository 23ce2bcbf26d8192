<?php
// As in the official image: WordPress reads its settings from the environment.
foreach (['DB_HOST', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'] as $name) {
    define($name, getenv("WORDPRESS_$name"));
}
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define("{$name}_KEY", getenv("WORDPRESS_{$name}_KEY"));
    define("{$name}_SALT", getenv("WORDPRESS_{$name}_SALT"));
}
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
// The lab has no way out, and WordPress would wait for answers about its updates.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('ABSPATH', '/usr/share/wordpress/');
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
