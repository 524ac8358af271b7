create table item (id bigint generated always as identity primary key, name varchar not null);
